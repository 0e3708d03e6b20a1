"""Which services ./run plays, and what it tells the site of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from servicebilling.embedded import ports, stand_ins
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.stand_ins import STRIPE
from servicebilling.embedded.state import BASE_DIR
from servicebilling.embedded.supervisor import Supervisor

SITE = "http://127.0.0.1:8000"


class Site(Supervisor):
    """A supervisor with the sockets that its stand-ins listen on."""

    opened: ExitStack

    def stop(self) -> None:
        super().stop()
        self.opened.close()


@pytest.fixture
def supervisor() -> Iterator[Site]:
    supervisor = Site(say=lambda line: None)
    supervisor.opened = ExitStack()
    yield supervisor
    supervisor.stop()


def start(supervisor: Site, var: Path, environment: dict[str, str]):
    [running] = stand_ins.start(
        [STRIPE],
        supervisor,
        environment,
        var=var,
        site_url=SITE,
        kept_files=(),
        opened=supervisor.opened,
    )
    return running


def made_secret(var: Path) -> Path:
    (var / "secrets").mkdir(exist_ok=True)
    return var / "secrets" / "STRIPE_WEBHOOK_SECRET"


def test_what_has_no_key_is_played():
    assert STRIPE in stand_ins.wanted({"STRIPE_SECRET_KEY": ""}, is_local=True)


@pytest.mark.parametrize(
    "given",
    [
        {"STRIPE_SECRET_KEY": "sk_test_of_a_real_account"},
        {"STRIPE_SECRET_KEY": "sk_live_x"},
        {"STRIPE_SECRET_KEY": "rk_live_x"},
        {"ANY_OTHER_KEY": " sk_live_x"},
        {"FLUTTERWAVE_SECRET_KEY": "FLWSECK-x"},
        {"SANDBOX": "0"},
        {"SANDBOX": "False"},
    ],
)
def test_nothing_is_played_beside_a_key_of_its_own_a_live_one_or_against_the_will(given):
    assert STRIPE not in stand_ins.wanted(given, is_local=True)


def test_nothing_is_played_for_the_world():
    assert stand_ins.wanted({}, is_local=False) == []


def test_site_is_told_where_it_is_and_everything_outlives_a_restart(supervisor, tmp_path):
    secret = made_secret(tmp_path)
    first: dict[str, str] = {}
    running = start(supervisor, tmp_path, first)
    assert running.is_new
    assert set(first) == set(stand_ins.variables([running]))
    assert first["STRIPE_API_BASE"] == running.url
    assert first["STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert secret.stat().st_mode & 0o777 == 0o600
    authorized = {"Authorization": f"Bearer {first['STRIPE_SECRET_KEY']}"}
    made = httpx.post(f"{running.url}/v1/customers", headers=authorized).json()
    supervisor.stop()

    second: dict[str, str] = {}
    again = start(supervisor, tmp_path, second)
    assert not again.is_new
    assert second["STRIPE_WEBHOOK_SECRET"] == first["STRIPE_WEBHOOK_SECRET"]
    url = f"{again.url}/v1/customers/{made['id']}"
    assert httpx.get(url, headers=authorized).json()["id"] == made["id"]
    (endpoint,) = httpx.get(f"{again.url}/_sandbox/objects/webhook_endpoint").json()["data"]
    assert endpoint["url"] == f"{SITE}/api/webhooks/stripe"


def test_damaged_memory_is_set_aside_and_counts_as_new(supervisor, tmp_path):
    made_secret(tmp_path)
    memory = tmp_path / "sandbox" / "stripe.json"
    memory.parent.mkdir()
    memory.write_text("{")
    assert start(supervisor, tmp_path, {}).is_new


def test_one_that_does_not_come_up_stops_the_start_with_its_last_words(
    supervisor, tmp_path
):
    made_secret(tmp_path)
    environment = {"PYTHONHOME": str(tmp_path)}
    with pytest.raises(CannotStart, match="sandbox-stripe"):
        start(supervisor, tmp_path, environment)


def test_no_other_start_takes_the_port_of_one_that_is_down(supervisor, tmp_path):
    made_secret(tmp_path)
    port = urlsplit(start(supervisor, tmp_path, {}).url).port
    for child in supervisor.children:
        child.process.kill()
        child.process.wait()
    with ports.listen("127.0.0.1", port=port) as other:
        assert other.getsockname()[1] != port


def test_every_stand_in_is_a_program_with_a_port_of_its_own():
    for one in stand_ins.ALL:
        assert (BASE_DIR / "servicebilling/sandbox" / one.name / "__main__.py").is_file()
    assert len({one.port for one in stand_ins.ALL}) == len(stand_ins.ALL)
