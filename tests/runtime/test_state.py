"""What ./run leaves for the commands that run beside it."""

from dataclasses import replace

import pytest

from servicebilling.embedded import state
from servicebilling.embedded.state import State

RUNNING = State(
    process=1,
    url="http://127.0.0.1:8000",
    environment={
        "DATABASE_URL": "postgresql://app@/site?host=/s",
        "REDIS_URL": "unix:///s/v",
    },
    owner_database_url="postgresql://owner@/site?host=/s",
)


def test_command_beside_a_running_site_gets_its_servers_and_secrets(tmp_path):
    secrets = state.make_secrets(tmp_path)
    state.write(tmp_path, RUNNING)
    environment = {}
    state.complete(environment, var=tmp_path)
    assert environment == RUNNING.environment | secrets


def test_what_is_set_stays_and_what_is_empty_counts_as_unset(tmp_path):
    state.write(tmp_path, RUNNING)
    environment = {"DATABASE_URL": "postgresql://mine@host/db", "REDIS_URL": ""}
    state.complete(environment, var=tmp_path)
    assert environment["DATABASE_URL"] == "postgresql://mine@host/db"
    assert environment["REDIS_URL"] == RUNNING.environment["REDIS_URL"]


def test_secrets_are_made_once_and_kept(tmp_path):
    first = state.make_secrets(tmp_path)
    assert state.make_secrets(tmp_path) == first
    assert set(first) == set(state.SECRETS)
    assert len(set(first.values())) == len(first)
    assert min(map(len, first.values())) >= 50


def test_secrets_and_state_are_for_this_user_alone(tmp_path):
    state.make_secrets(tmp_path)
    state.write(tmp_path, RUNNING)
    files = [*(tmp_path / "secrets").iterdir(), tmp_path / "state.json"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}'])
def test_broken_state_counts_as_none(tmp_path, text):
    (tmp_path / "state.json").write_text(text)
    assert state.read(tmp_path) is None


def test_state_is_replaced_whole_and_removed_at_the_end(tmp_path):
    state.write(tmp_path, RUNNING)
    state.write(tmp_path, replace(RUNNING, url="http://127.0.0.1:8001"))
    assert state.read(tmp_path).url == "http://127.0.0.1:8001"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    state.remove(tmp_path)
    assert state.read(tmp_path) is None
