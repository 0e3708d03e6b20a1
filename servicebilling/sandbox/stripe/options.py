"""The command line, and when the stand-in refuses to start."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from servicebilling.sandbox import serving
from servicebilling.sandbox.serving import Refused

LIVE_KEY = re.compile(r"^[sr]k_live_")


@dataclass(frozen=True)
class Options:
    port: int
    listener: int | None
    state: Path | None
    webhook_url: str
    port_file: Path | None
    public_url: str


def parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m servicebilling.sandbox.stripe",
        description="A stand-in for Stripe on this machine. Starts only with SANDBOX=1.",
    )
    serving.add_arguments(parser, port=8420)
    parser.add_argument("--state", type=Path, help="file that keeps everything")
    parser.add_argument(
        "--webhook-url",
        default="",
        help="where every event is sent, signed with the first of STRIPE_WEBHOOK_SECRET",
    )
    parser.add_argument(
        "--public-url",
        default="",
        help="what links to hosted pages begin with (default: http://127.0.0.1:PORT)",
    )
    return Options(**vars(parser.parse_args(arguments)))


def check(environment: Mapping[str, str]) -> None:
    """Raise Refused unless this is a place for play money."""
    serving.check_asked_for(environment)
    if LIVE_KEY.match(environment.get("STRIPE_SECRET_KEY", "").strip()):
        raise Refused("STRIPE_SECRET_KEY is a live key: the sandbox never runs beside one.")
