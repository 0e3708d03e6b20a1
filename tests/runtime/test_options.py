"""The options of ./run, and what they may do to a database."""

from pathlib import Path

import pytest

from servicebilling.embedded import environment, home, options
from servicebilling.embedded.errors import CannotStart
from servicebilling.embedded.home import BEGUN, BEGUN_IN_NEW, WHOLE, Home


@pytest.fixture
def database(tmp_path: Path) -> Home:
    database = Home(tmp_path / "postgres", user=None)
    database.data.mkdir(parents=True)
    return database


def test_demo_is_served_on_this_machine_alone(capsys):
    with pytest.raises(SystemExit) as refused:
        options.parse(["--host", "10.0.0.5"])
    assert refused.value.code == 2
    assert "needs --no-demo" in capsys.readouterr().err
    assert options.parse(["--host", "10.0.0.5", "--no-demo"]).host == "10.0.0.5"


@pytest.mark.parametrize("word", [BEGUN, BEGUN_IN_NEW, WHOLE])
def test_database_that_holds_the_demo_stays_on_this_machine(database, word):
    database.note_demo(word)
    far = ["--host", "10.0.0.5", "--no-demo"]
    with pytest.raises(CannotStart, match="passwords are public"):
        options.check(options.parse(far), home=database)
    options.check(options.parse([*far, "--reset"]), home=database)
    options.check(options.parse(["--no-demo"]), home=database)


def test_database_without_a_demo_may_be_served_to_others(database):
    options.check(options.parse(["--host", "10.0.0.5", "--no-demo"]), home=database)


def test_reset_never_touches_a_database_that_was_there_before():
    with pytest.raises(CannotStart, match="DATABASE_URL"):
        options.check(options.parse(["--reset"]), home=None)


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_port_must_be_one(port, capsys):
    with pytest.raises(SystemExit):
        options.parse(["--port", port])
    assert "invalid port value" in capsys.readouterr().err


def test_reset_deletes_the_database_and_what_is_known_of_it(database):
    database.note_demo(WHOLE)
    database.note_prepared("fingerprint")
    assert list(home.make_room(database, reset=True)) == [
        "Deleting the embedded database ..."
    ]
    assert not database.data.exists()
    assert (database.demo, database.prepared_for) == ("", "")


def test_interrupted_first_start_begins_anew(database):
    database.note_demo(BEGUN_IN_NEW)
    (said,) = home.make_room(database, reset=False)
    assert "interrupted" in said
    assert not database.data.exists()


@pytest.mark.parametrize("word", ["", BEGUN, WHOLE])
def test_database_that_may_hold_more_than_a_demo_is_kept(database, word):
    database.note_demo(word)
    assert list(home.make_room(database, reset=False)) == []
    assert database.data.exists()


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
