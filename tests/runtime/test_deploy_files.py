"""What `deploy/` starts is what the Procfile says, and names only what exists."""

import configparser
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FOLDER = "/opt/servicebilling/"


def _procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def _unit(name: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    assert unit.read(ROOT / "deploy" / "systemd" / f"servicebilling-{name}.service")
    return unit["Service"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_unit_starts_what_the_procfile_says(name):
    command = _unit(name)["ExecStart"].removeprefix(f"{FOLDER}.venv/bin/")

    bound = "127.0.0.1:8000"
    assert command == _procfile()[name].replace("0.0.0.0:${PORT:-8000}", bound)
    assert _unit(name)["WorkingDirectory"] == FOLDER.rstrip("/")


def test_a_worker_is_given_the_time_of_its_longest_task():
    assert int(_unit("worker")["TimeoutStopSec"]) > settings.CELERY_TASK_TIME_LIMIT


def test_the_proxy_lets_through_what_the_site_takes():
    nginx = (ROOT / "deploy" / "nginx.conf").read_text()

    [megabytes] = re.findall(r"client_max_body_size (\d+)m;", nginx)
    assert int(megabytes) * 1024 * 1024 == settings.VAPI_WEBHOOK_BODY_BYTES_MAX


def test_the_page_on_servers_names_settings_that_exist():
    page = (ROOT / "docs" / "deploy.md").read_text()
    known = (ROOT / ".env.example").read_text()

    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", page)) - {"ENV_FILE", "NAME"}
    assert named
    assert [name for name in sorted(named) if name not in known] == []
