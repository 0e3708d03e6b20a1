"""The command line, and when the stand-in refuses to start."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from servicebilling.sandbox import serving
from servicebilling.sandbox.serving import Refused


@dataclass(frozen=True)
class Options:
    port: int
    listener: int | None
    webhook_url: str
    port_file: Path | None
    state: Path | None


def parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m servicebilling.sandbox.flutterwave",
        description="A stand-in for Flutterwave on this machine. Starts only with SANDBOX=1.",
    )
    serving.add_arguments(parser, port=8440)
    parser.add_argument(
        "--webhook-url",
        default="",
        help="where webhooks go, with the first of FLUTTERWAVE_WEBHOOK_HASH",
    )
    parser.add_argument("--state", type=Path, help="the file that it remembers things in")
    return Options(**vars(parser.parse_args(arguments)))


def check(environment: Mapping[str, str]) -> None:
    """Raise Refused unless this is a place for payments that nobody makes."""
    serving.check_asked_for(environment)
    key = environment.get("FLUTTERWAVE_SECRET_KEY", "")
    if key and not key.startswith("FLWSECK_TEST"):
        raise Refused("The sandbox does not start beside a live key.")
