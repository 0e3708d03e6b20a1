"""A deadline that the client keeps, on connections as Django makes them."""

import time
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, transaction

from servicebilling.lib import deadline
from tests.webhooks.troubled_database import Proxy, proxied

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def proxy(transactional_db) -> Iterator[Proxy]:
    with proxied() as proxy:
        yield proxy


# A busy machine adds to a deadline; without one, the slow answer comes after five seconds.
LATE_SECONDS = 4


def ask(sql: str = "SELECT 1") -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def seconds_until_it_fails(sql: str = "SELECT 1", *, allowed: float) -> float:
    started = time.monotonic()
    with pytest.raises(OperationalError, match="in time"), deadline.within(allowed):
        ask(sql)
    return time.monotonic() - started


def test_answer_in_time_is_an_answer(proxy):
    with deadline.within(5):
        assert ask() == 1


def test_slow_statement_fails_at_the_deadline(proxy):
    assert ask() == 1

    assert 0.3 <= seconds_until_it_fails("SELECT pg_sleep(5)", allowed=0.3) < LATE_SECONDS


def test_frozen_server_fails_at_the_deadline(proxy):
    assert ask() == 1
    proxy.freeze()

    assert 0.3 <= seconds_until_it_fails(allowed=0.3) < LATE_SECONDS


def test_frozen_server_fails_at_the_deadline_while_connecting(proxy):
    proxy.freeze()

    assert 0.3 <= seconds_until_it_fails(allowed=0.3) < LATE_SECONDS


@pytest.fixture
def counter(transactional_db) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE asked_in_vain")
    yield "asked_in_vain"
    with connection.cursor() as cursor:
        cursor.execute("DROP SEQUENCE asked_in_vain")


def test_nothing_is_sent_once_the_time_is_up(counter, proxy):
    assert ask() == 1

    assert seconds_until_it_fails(f"SELECT nextval('{counter}')", allowed=0) < LATE_SECONDS

    connection.close()
    time.sleep(0.2)
    assert ask(f"SELECT is_called FROM {counter}") is False


def test_connection_is_not_used_again_after_the_deadline(proxy):
    seconds_until_it_fails("SELECT pg_sleep(5)", allowed=0.2)

    assert connection.connection.closed
    with pytest.raises(OperationalError):
        ask()


def test_connection_that_was_given_up_is_replaced(proxy):
    proxy.freeze()
    seconds_until_it_fails(allowed=0.2)
    proxy.thaw()
    connection.close()

    assert ask() == 1


def test_transaction_that_ran_out_of_time_leaves_nothing(proxy):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS unused (n int)")
    with (
        pytest.raises(OperationalError),
        deadline.within(0.3),
        transaction.atomic(),
    ):
        ask("SELECT pg_sleep(5)")

    assert not connection.in_atomic_block
    assert ask() == 1


def test_without_a_deadline_there_is_all_the_time(proxy):
    with deadline.within(0.05):
        pass

    assert ask("SELECT 1 FROM pg_sleep(0.2)") == 1


def test_inner_deadline_does_not_outlast_the_outer_one():
    with deadline.within(200):
        with deadline.within(600):
            assert deadline.remaining_seconds() <= 200
        with deadline.within(100):
            assert deadline.remaining_seconds() <= 100
        assert 100 < deadline.remaining_seconds() <= 200
    assert deadline.remaining_seconds() is None
