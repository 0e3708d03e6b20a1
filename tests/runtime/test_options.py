"""The options of ./run, and what they may do to a database."""

import subprocess
import sys
from pathlib import Path

import pytest

from servicebilling.embedded import environment, options
from servicebilling.embedded.demo import Found
from servicebilling.embedded.errors import CannotStart


def test_demo_is_served_on_this_machine_alone(capsys):
    with pytest.raises(SystemExit) as refused:
        options.parse(["--host", "10.0.0.5"])
    assert refused.value.code == 2
    assert "needs --no-demo" in capsys.readouterr().err
    assert options.parse(["--host", "10.0.0.5", "--no-demo"]).host == "10.0.0.5"


def test_database_that_holds_the_demo_stays_on_this_machine():
    far = options.parse(["--host", "10.0.0.5", "--no-demo"])
    with pytest.raises(CannotStart, match="passwords are public"):
        options.check(far, found=Found(is_made=True, is_begun=True, has_data=True))
    options.check(far, found=Found(has_data=True))
    options.check(options.parse(["--no-demo"]), found=Found(is_made=True))


def test_help_is_shown_before_anything_is_installed():
    # -S: Python without the packages of its environment.
    told = subprocess.run(
        [sys.executable, "-S", "-m", "servicebilling.embedded", "--help"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "--no-demo" in told.stdout


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_port_must_be_one(port, capsys):
    with pytest.raises(SystemExit):
        options.parse(["--port", port])
    assert "invalid port value" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "url", "allowed"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000", "localhost,127.0.0.1,[::1]"),
        ("::1", "http://[::1]:8000", "localhost,127.0.0.1,[::1]"),
        ("10.0.0.5", "http://10.0.0.5:8000", "localhost,127.0.0.1,[::1],10.0.0.5"),
    ],
)
def test_site_answers_to_the_name_it_listens_on(tmp_path, host, url, allowed):
    assert environment.url(host, port=8000) == url
    made = environment.of_site(given={}, var=tmp_path, url=url, host=host)
    assert made["WEBSITE_URL"] == url
    assert made["ALLOWED_HOSTS"] == allowed


def test_what_is_given_wins_over_what_fits_this_machine(tmp_path):
    given = {
        "SECRET_KEY": "mine",
        "ALLOWED_HOSTS": "billing.example.com",
        "WEBSITE_URL": "",
    }
    made = environment.of_site(given=given, var=tmp_path, url="http://a", host="127.0.0.1")
    assert made["SECRET_KEY"] == "mine"
    assert made["ALLOWED_HOSTS"] == "billing.example.com"
    assert made["WEBSITE_URL"] == "http://a"
    assert made["VAPI_WEBHOOK_SECRET"]
