"""The stand-ins that ./run starts for outside services nobody gave it a key of.

One entry of `ALL` each. A stand-in is `python -m servicebilling.sandbox.NAME` and takes
--listener FILE (the socket that waits for it), --state FILE (what it remembers),
--webhook-url and --port-file (written once it answers). Its environment is the site's with
SANDBOX=1, so it finds its secrets there.
"""

import contextlib
import os
import secrets
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from servicebilling.embedded import ports, state
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.programs import Ground
from servicebilling.embedded.supervisor import SITE, Child, Supervisor

READY_SECONDS_MAX = 20
LIVE_KEYS = ("sk_live_", "rk_live_", "FLWSECK-")
OFF = ("0", "false", "no", "off")


@dataclass(frozen=True)
class StandIn:
    """One service that can be stood in for."""

    # Of its package in servicebilling/sandbox.
    name: str
    title: str
    # Whoever sets this variable has the real service; the site gets `key` otherwise.
    key_variable: str
    key: str
    # The variable with its address.
    base_variable: str
    webhook_path: str
    # Made once, kept in var/secrets, by the name of the variable; the values begin with it.
    made_secrets: Mapping[str, str]
    # The first port to try.
    port: int
    # Run when it is new, or the project has changed.
    prepare: Sequence[str] = ()
    # Lines for the banner.
    hints: Sequence[str] = ()


STRIPE = StandIn(
    name="stripe",
    title="Stripe",
    key_variable="STRIPE_SECRET_KEY",
    key="sk_test_sandbox",
    base_variable="STRIPE_API_BASE",
    webhook_path="/api/webhooks/stripe",
    made_secrets={"STRIPE_WEBHOOK_SECRET": "whsec_"},
    port=8420,
    prepare=("sync_stripe_catalog", "--without-webhook"),
    hints=(
        "4242 4242 4242 4242 pays; 4000 0000 0000 0002 is declined;",
        "4000 0000 0000 0341 can be kept, but pays nothing; 4000 0025 0000 3155 asks 3-D Secure",
    ),
)
FLUTTERWAVE = StandIn(
    name="flutterwave",
    title="Flutterwave",
    key_variable="FLUTTERWAVE_SECRET_KEY",
    key="FLWSECK_TEST-sandbox-X",
    base_variable="FLUTTERWAVE_API_BASE",
    webhook_path="/api/webhooks/flutterwave",
    made_secrets={"FLUTTERWAVE_WEBHOOK_HASH": ""},
    port=8440,
    prepare=("sync_flutterwave_plans",),
    hints=("for wallets in naira; its page asks how the payment is to end",),
)
VAPI = StandIn(
    name="vapi",
    title="Vapi",
    key_variable="VAPI_API_KEY",
    key="sandbox",
    base_variable="VAPI_API_BASE",
    webhook_path="/api/webhooks/vapi",
    # The site has a secret for Vapi's messages anyway.
    made_secrets={},
    port=8430,
    hints=("calls of POST /api/calls ring nowhere, talk for 75 seconds and are charged",),
)
ALL = (STRIPE, FLUTTERWAVE, VAPI)


@dataclass(frozen=True)
class Running:
    stand_in: StandIn
    url: str
    # It remembers nothing of an earlier start.
    is_new: bool


def wanted(given: Mapping[str, str], *, is_local: bool) -> list[StandIn]:
    """Return what is to be started: what has no key, on a site of this machine alone.

    None with SANDBOX=0, and none beside any live key: play money and real money never meet.
    """
    has_live_key = any(value.strip().startswith(LIVE_KEYS) for value in given.values())
    if not is_local or has_live_key or given.get("SANDBOX", "").lower() in OFF:
        return []
    return [one for one in ALL if not given.get(one.key_variable)]


@dataclass(frozen=True)
class _Starting:
    stand_in: StandIn
    url: str
    child: Child
    port_file: Path
    remembered: Path
    was_there: bool


def start(
    several: Sequence[StandIn],
    supervisor: Supervisor,
    environment: dict[str, str],
    *,
    var: Path,
    site_url: str,
    kept_files: tuple[int, ...],
    opened: contextlib.ExitStack,
) -> list[Running]:
    """Start stand-ins, tell `environment` of them, and return once each answers.

    Each listens on its own port if that is free, so that pages it opened earlier live on.
    The sockets stay open until `opened` is closed: no other start takes a port between
    asking and listening, nor while a stand-in is started again.
    """
    begun = [
        _begin(
            one,
            opened.enter_context(ports.listen("127.0.0.1", port=one.port)),
            supervisor,
            environment,
            var=var,
            site_url=site_url,
            kept_files=kept_files,
        )
        for one in several
    ]
    deadline = time.monotonic() + READY_SECONDS_MAX
    for one in begun:
        while not one.port_file.exists():
            supervisor.expect(one.child)
            if time.monotonic() > deadline:
                raise CannotStart(supervisor.last_words(one.child.program))
            time.sleep(0.02)
    return [
        # One that found its file damaged has set it aside.
        Running(one.stand_in, one.url, not (one.was_there and one.remembered.exists()))
        for one in begun
    ]


def _begin(
    stand_in: StandIn,
    listener: socket.socket,
    supervisor: Supervisor,
    environment: dict[str, str],
    *,
    var: Path,
    site_url: str,
    kept_files: tuple[int, ...],
) -> _Starting:
    folder = var / "sandbox"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    remembered, port_file = (
        folder / f"{stand_in.name}.json",
        folder / f"{stand_in.name}.port",
    )
    port_file.unlink(missing_ok=True)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    made = {
        name: _secret(var, name, prefix=prefix)
        for name, prefix in stand_in.made_secrets.items()
    }
    environment |= {
        **made,
        "SANDBOX": "1",
        stand_in.key_variable: stand_in.key,
        stand_in.base_variable: url,
    }
    program = Ground(environment, var / "log", kept_files).python(
        f"sandbox-{stand_in.name}",
        "-m",
        f"servicebilling.sandbox.{stand_in.name}",
        f"--listener={listener.fileno()}",
        f"--state={remembered}",
        f"--webhook-url={site_url}{stand_in.webhook_path}",
        f"--port-file={port_file}",
        file=listener.fileno(),
    )
    was_there = remembered.exists()
    child = supervisor.start(program, stage=SITE)
    return _Starting(stand_in, url, child, port_file, remembered, was_there)


def variables(running: Sequence[Running]) -> list[str]:
    """Return what commands beside the site must be told, too."""
    names = [
        name
        for one in running
        for name in (
            one.stand_in.key_variable,
            one.stand_in.base_variable,
            *one.stand_in.made_secrets,
        )
    ]
    return ["SANDBOX", *names] if running else []


def forget(var: Path) -> None:
    """Delete what all of them remember: it tells of a database that is gone."""
    shutil.rmtree(var / "sandbox", ignore_errors=True)


def _secret(var: Path, name: str, *, prefix: str) -> str:
    path = var / "secrets" / name
    if not path.is_file():
        state.write_private(path, prefix + secrets.token_urlsafe(32) + os.linesep)
    return path.read_text().strip()
