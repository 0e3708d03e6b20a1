"""The options of ./run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from servicebilling.embedded.errors import CannotStart

if TYPE_CHECKING:
    # It needs packages, and --help is answered before there are any.
    from servicebilling.embedded.demo import Found

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Options:
    host: str
    port: int
    reset: bool
    demo: bool

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; exits with a message and code 2 when they contradict."""
    parser = argparse.ArgumentParser(
        prog="./run",
        description="Start ServiceBilling on this machine: database, broker, web, worker and"
        " beat, with a demo to look at. Ctrl-C stops all of it.",
        epilog="With DATABASE_URL or REDIS_URL set (or in .env) that server is used and no"
        " other is started. Everything made here lies in var/.",
    )
    parser.add_argument(
        "--port", type=port, default=8000, help="first port to try (default: 8000)"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1); another one needs --no-demo,"
        " since the demo's passwords are public",
    )
    parser.add_argument(
        "--reset",
        action="store_true",
        help="delete the embedded database first, with everything in it",
    )
    parser.add_argument(
        "--no-demo", dest="demo", action="store_false", help="start without demo data"
    )
    options = Options(**vars(parser.parse_args(arguments)))
    if options.demo and not options.is_local:
        parser.error(
            "--host other than 127.0.0.1 needs --no-demo: the demo's passwords are public"
        )
    return options


def check(options: Options, *, found: Found) -> None:
    """Raise CannotStart if the database must not be served as the options want it."""
    if found.is_made and not options.is_local:
        raise CannotStart(
            "This database holds the demo, whose passwords are public, so it is served on"
            " this machine alone. To delete it and start empty:\n"
            f"  ./run --reset --no-demo --host {options.host}"
        )


def port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError
    return number
