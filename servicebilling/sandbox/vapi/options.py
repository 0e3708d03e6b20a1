"""The command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from servicebilling.sandbox import serving


@dataclass(frozen=True)
class Options:
    port: int
    listener: int | None
    state: Path | None
    webhook_url: str
    port_file: Path | None
    pace: float | None


def parse(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m servicebilling.sandbox.vapi",
        description="A stand-in for Vapi on this machine. Starts only with SANDBOX=1.",
    )
    serving.add_arguments(parser, port=8430)
    parser.add_argument("--state", type=Path, help="file that keeps its calls")
    parser.add_argument(
        "--webhook-url",
        default="",
        help="where messages go, with the first of VAPI_WEBHOOK_SECRET, unless a call, an"
        " assistant or a number names a server of its own",
    )
    parser.add_argument(
        "--pace", type=float, help="seconds of a call in one second (default: 1)"
    )
    return Options(**vars(parser.parse_args(arguments)))
