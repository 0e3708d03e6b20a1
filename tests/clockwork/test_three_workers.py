"""Three workers at once over the same rows do everything once; one that is killed in the
middle loses nothing."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail

from billing import inbox
from billing.handlers import acting
from billing.letters import low_usage, posting, writing
from billing.letters.wording import Words
from billing.models import Letter, PaymentEvent
from billing.providers import registry
from billing.providers.answers import FetchedFacts
from metering.balances import cycles
from metering.models import BillingCycle
from servicebilling.lib import retrying
from tests.crowd import Crowd
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.conftest import books_add_up, now
from tests.metering.story import begin

__all__ = ["books_add_up", "now"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def test_letters_go_out_once(now):
    organization = accounts.make_organization()
    words = Words("News", "Something happened", ("It did.",))
    for number in range(20):
        writing.write(
            "receipt", words, organization=organization, about=str(number), now=now
        )
    with Crowd(3) as workers:
        sent = workers.at_once(lambda _: posting.post_due(now=now))
    assert sum(sent) == len(mail.outbox) == 20
    assert set(Letter.objects.values_list("state", "attempts")) == {("delivered", 1)}


def test_months_close_once_and_letters_are_written_once(now):
    card = make.make_card(included_minutes=10)
    stories = [begin(now, card) for _ in range(6)]
    for story in stories:
        story.talk(60 * 9)
    now += timedelta(hours=1)
    with Crowd(3) as workers:
        written = workers.at_once(lambda _: low_usage.write_due(now=now))
        later = now + timedelta(days=32)
        workers.at_once(lambda _: cycles.roll_over_due(now=later))
    assert sum(written) == Letter.objects.count() == 6
    cycles_of = Counter(BillingCycle.objects.values_list("organization_id", flat=True))
    assert set(cycles_of.values()) == {2}


class Provider:
    """One that tells nothing, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def subject(self, kind: str, body: dict) -> str:
        return ""

    def fetch(self, kind: str, body: dict) -> FetchedFacts:
        self.asked.append(body["id"])
        return FetchedFacts()


@pytest.fixture
def provider(monkeypatch):
    made = Provider()
    monkeypatch.setattr(registry, "get", lambda name: made)
    return made


def events(now, count: int) -> list[int]:
    return [
        PaymentEvent.objects.create(
            provider="stripe",
            external_id=str(number),
            kind="invoice.paid",
            body={"id": str(number)},
            state="received",
            received_at=now,
            next_attempt_at=now,
        ).pk
        for number in range(count)
    ]


def test_payment_events_are_processed_once(now, provider):
    ids = events(now, 15)
    with Crowd(3) as workers:
        workers.at_once(lambda _: [inbox.process(one, now=now) for one in ids])
    assert Counter(provider.asked) == Counter(str(number) for number in range(15))
    assert set(PaymentEvent.objects.values_list("attempts", flat=True)) == {1}


def test_an_event_whose_worker_was_killed_is_taken_up_when_the_lease_ends(
    now, provider, monkeypatch
):
    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    (event_id,) = events(now, 1)
    with monkeypatch.context() as patched:
        patched.setattr(acting, "act", kill)
        with pytest.raises(Killed):
            inbox.process(event_id, now=now)
    assert inbox.due(now=now) == []
    later = now + retrying.LEASE
    assert inbox.due(now=later) == [event_id]
    assert inbox.process(event_id, now=later) in ("processed", "ignored")


def test_one_organization_whose_month_will_not_close_holds_up_no_other(now, monkeypatch):
    card = make.make_card(included_minutes=10)
    owners = [make.make_balances(card=card, now=now) for _ in range(3)]
    roll_over = cycles.roll_over

    def sometimes(organization_id, *, now):
        if organization_id == owners[0].pk:
            raise RuntimeError("a defect")
        roll_over(organization_id, now=now)

    monkeypatch.setattr(cycles, "roll_over", sometimes)
    monkeypatch.setattr(cycles, "PAGE_SIZE", 1)
    assert cycles.roll_over_due(now=now + timedelta(days=32)) == 2
