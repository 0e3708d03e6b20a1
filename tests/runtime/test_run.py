"""./run as a newcomer meets it: a real start of the real thing, in a path with spaces."""

import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from servicebilling.embedded import server_user
from servicebilling.embedded.server_user import ServerUser
from tests.runtime import project, visiting
from tests.runtime.project import Run
from tests.runtime.visiting import Visitor

pytestmark = pytest.mark.runtime


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with project.copied() as folder:
        yield folder


@pytest.fixture(scope="module")
def starts(folder: Path) -> Iterator[list[Run]]:
    """The starts in that folder so far, each with the wanted port taken."""
    starts: list[Run] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        starts.append(Run(folder, ("--no-demo", "--port", str(taken.getsockname()[1]))))
        with starts[0]:
            starts[0].wait_until_up()
            yield starts
        for later in starts[1:]:
            later.__exit__()


@pytest.fixture
def site(starts: list[Run]) -> Run:
    """The running site; another start of it where a test before ended it."""
    if starts[-1].process.poll() is not None:
        again = Run(starts[-1].folder, starts[-1].arguments)
        starts.append(again.__enter__())
        again.wait_until_up()
    return starts[-1]


def test_pages_answer(site):
    assert site.get("/livez") == 200
    assert site.get("/readyz") == 200
    assert site.get("/") == 200


def test_taken_port_gives_way_to_the_next_and_it_says_so(site):
    wanted = site.arguments[-1]
    assert f"Port {wanted} is taken; using " in site.said()
    assert not site.state.url.endswith(f":{wanted}")


def test_banner_tells_where_everything_is(site):
    banner = site.said()
    assert f"ServiceBilling is running: {site.state.url}" in banner
    assert f"POST {site.state.url}/api/webhooks/vapi" in banner
    for place in ("secrets/VAPI_WEBHOOK_SECRET", "mail", "log"):
        assert str(site.var / place) in banner
    assert banner.count("ServiceBilling is running") == 1


def test_secrets_are_for_this_user_alone(site):
    secrets = list((site.var / "secrets").iterdir())
    assert secrets
    for path in [*secrets, site.var / "state.json"]:
        assert path.stat().st_mode & 0o077 == 0, path


def create_organization(site: Run, name: str) -> str:
    """Run the command in the site's folder; return the slug."""
    made = subprocess.run(
        [sys.executable, "manage.py", "create_organization", name, "--json"]
        + ["--owner-email", f"{name.lower()}@example.com", "--plan", "cutoff"],
        cwd=site.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)["slug"]


def slugs_of(site: Run, name: str) -> list[str]:
    with psycopg.connect(site.state.environment["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT slug FROM organizations WHERE name = %s", [name])
        return [slug for (slug,) in found]


def test_commands_beside_it_find_its_database(site):
    slug = create_organization(site, "Beside")
    assert slugs_of(site, "Beside") == [slug]


@pytest.mark.parametrize(
    "table", ["minute_transactions", "wallet_transactions", "audit_entries"]
)
def test_the_site_may_not_change_a_ledger(site, table):
    url = site.state.environment["DATABASE_URL"]
    for change in (
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"UPDATE {table} SET id = id",
    ):
        with (
            psycopg.connect(url) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(change)


def test_newcomer_signs_up_and_buys_at_the_stand_in(site):
    """Over every process there is: letters in files, the stand-in's pay page, its signed
    webhooks to the site, the worker behind it."""
    with Visitor(site.state.url, mail=site.var / "mail") as visitor:
        visitor.sign_up(address="buyer@example.com", organization="Buying Dental")
        back = visitor.buy(bundle_id="minutes-100-usd")
        assert back.url.path == "/dashboard/billing/success", back.text
        visiting.wait_until(lambda: _minutes(site) == (0, 100), what="minutes are credited")

        visitor.buy(plan_id="cutoff", billing_period="monthly")
        visiting.wait_until(lambda: _minutes(site) == (100, 100), what="the plan is opened")
        assert visitor.read("/api/billing/status")["standing"] == "good"


def _minutes(site) -> tuple[int, int]:
    """What the buyer has of a plan, and bought."""
    with psycopg.connect(site.state.environment["DATABASE_URL"]) as connection:
        found = connection.execute(
            "SELECT plan_minutes, credit_minutes FROM allowances JOIN organizations"
            " ON organizations.id = organization_id WHERE name = 'Buying Dental'"
        )
        return found.fetchone()


def test_second_run_in_the_same_folder_says_so_and_ends(site):
    again = subprocess.run(
        ["./run"],
        cwd=site.folder,
        env=project.environment(),
        capture_output=True,
        text=True,
    )
    assert again.returncode == 1
    assert f"already runs from this folder: {site.state.url}" in again.stderr
    assert site.get("/livez") == 200


def test_dead_worker_is_started_again(site):
    dead = site.state.children["worker"]
    os.kill(dead, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while site.state.children["worker"] == dead:
        assert time.monotonic() < deadline, site.said()
        time.sleep(0.1)
    assert "worker ended (signal 9); starting it again" in site.said()


def test_killed_site_starts_again_with_its_data_and_ctrl_c_leaves_nothing(site):
    before = site.state
    slug = create_organization(site, "Survivor")
    site.end(signal.SIGKILL)
    with Run(site.folder, ("--no-demo",)) as run:
        after = run.wait_until_up().state
        assert slugs_of(run, "Survivor") == [slug]
        assert run.end(signal.SIGINT) == 0
    assert project.left_running(site.folder) == []
    assert not Path(before.sockets).exists()
    assert not Path(after.sockets).exists()
    assert not (site.var / "state.json").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="these tests run as an ordinary user anyway")
def test_ordinary_user_can_run_it():
    nobody = pwd.getpwnam("nobody")
    user = ServerUser(nobody.pw_uid, nobody.pw_gid, "nobody")
    if not server_user.can_read(Path(sys.executable).resolve(), user=user):
        pytest.skip("the Python of these tests lies where an ordinary user cannot go")
    with project.copied(owner="nobody") as folder:
        with Run(folder, ("--no-demo",), user="nobody") as run:
            assert run.wait_until_up().get("/livez") == 200
            assert run.end(signal.SIGINT) == 0
        assert project.left_running(folder) == []
