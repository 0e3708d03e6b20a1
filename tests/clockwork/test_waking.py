"""Waking a worker while the broker is away: nobody waits for it."""

import pytest

from billing import tasks as of_billing
from metering import tasks as of_metering

WAKES = {
    "endings": of_metering.wake_endings,
    "event": lambda: of_billing.wake(1),
    "catalogue": lambda: of_billing.wake_catalogue(1),
}


@pytest.mark.parametrize("wake", WAKES.values(), ids=WAKES)
def test_without_a_broker_a_request_goes_on_at_once(wake, monkeypatch):
    slept = []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)

    wake()

    # It asked again, so it did find nobody there.
    assert 0 < sum(slept) < 0.2
