"""One customer's story under everything that can go wrong between Stripe and us: each ends
as it does without a fault. Webhooks travel over HTTP into our own endpoint."""

import pytest
from django.db import OperationalError
from stripe import HTTPClient

from billing import inbox, tasks
from billing.providers import registry
from billing.providers.stripe import client, endpoints
from tests.journeys.selling_story import Story
from tests.length import IS_LONG

pytestmark = pytest.mark.django_db(transaction=True)

# 25 once, a plan of 49 for two months; half of what was bought went back.
END = {
    "standing": "past_due",
    "credit_minutes": 50,
    "subscriptions": ["past_due"],
    "purchases": ["fulfilled"],
    "payments": ["25.000000", "49.000000", "49.000000"],
    "refunds": [("succeeded", True)],
    "disputes": [("won", False)],
    "unfinished": [],
    "customers": 1,
    "charged": 12300,
}
# The story itself makes refunds over the API, as staff would at Stripe: without faults.
OURS = "/v1/[!r]*"

# Faults of webhooks strike all of them; those of the API, parts that repeat with the seed.
OF_WEBHOOKS = {
    "twice": [{"kind": "twice"}],
    "reordered": [{"kind": "reorder", "size": "3"}],
    "delayed": [{"kind": "delay", "types[0]": "invoice.*", "seconds": "600"}],
    "badly signed first": [{"kind": "bad_signature"}],
}
OF_THE_API = {
    "429": [{"kind": "429", "percent": "30"}],
    "500 before": [{"kind": "500", "percent": "30"}],
    "500 after": [{"kind": "500", "percent": "30", "applied": "true"}],
    "500 kept": [{"kind": "500", "percent": "20", "applied": "true", "kept": "true"}],
    "answer lost": [{"kind": "lost_answer", "percent": "30"}],
    "time-out": [{"kind": "slow", "percent": "15", "seconds": "0.5"}],
}
# What runs each time; LONG=1 takes each fault by itself, and none, too.
TOGETHER = {
    "webhooks twice and in another order": [
        *OF_WEBHOOKS["twice"],
        *OF_WEBHOOKS["reordered"],
    ],
    "webhooks late or signed wrongly": [
        *OF_WEBHOOKS["delayed"],
        *OF_WEBHOOKS["badly signed first"],
    ],
    "API busy and failing": [
        {"kind": "429", "percent": "15"},
        {"kind": "500", "percent": "10", "applied": "true", "kept": "true"},
        {"kind": "500", "percent": "15", "applied": "true"},
    ],
    "API slow and silent": [*OF_THE_API["answer lost"], *OF_THE_API["time-out"]],
}
FAULTS = dict(TOGETHER)
if IS_LONG:
    FAULTS |= {"none": []} | OF_WEBHOOKS | OF_THE_API


@pytest.fixture
def story(shop, customer, client_of, owner, settings, live_server, monkeypatch) -> Story:
    """Webhooks lie in wait until the story listens, and events until its worker comes."""
    shop.control("settings", delivers_by_itself="false")
    _listen_to_what_we_ask_for(shop, settings, f"{live_server.url}/api/webhooks/stripe")
    # What was received just now is due by the stand-in's clock.
    shop.control("clock", hours="1", wait="no")
    monkeypatch.setattr(tasks, "wake", lambda event_id: None)
    monkeypatch.setattr(HTTPClient, "_sleep_time_seconds", lambda self, retries: 0)
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.3)
    return Story(shop, client_of(owner), customer)


def _listen_to_what_we_ask_for(shop, settings, url: str) -> None:
    """In place of the shop's endpoint, for which news of the catalogue wait."""
    for old in shop.every("webhook_endpoint"):
        shop.delete(f"webhook_endpoints/{old['id']}")
    wanted = {
        f"enabled_events[{place}]": kind for place, kind in enumerate(endpoints.EVENTS)
    }
    made = shop.post("webhook_endpoints", url=url, **wanted)
    settings.STRIPE_WEBHOOK_SECRETS = [made["secret"]]
    registry.get.cache_clear()


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_the_story_ends_the_same_whatever_breaks(story, faults):
    for number, fault in enumerate(faults):
        story.shop.control("faults", times="0", seed=str(number), path=OURS, **fault)
    story.tell()
    assert story.end() == END
    assert all(one["happened"] for one in story.faults())


def test_our_answers_are_lost_and_our_database_goes_away(story, monkeypatch):
    """Each event is refused once, then stored without the sender hearing of it, then sent
    again."""
    receive, tries = inbox.receive, {}

    def receives_badly(event, **given):
        tries[event.id] = tries.get(event.id, 0) + 1
        if tries[event.id] == 1:
            raise OperationalError("the database is away")
        stored = receive(event, **given)
        if tries[event.id] == 2:
            raise OperationalError("it was stored, but the answer was lost")
        return stored

    monkeypatch.setattr(inbox, "receive", receives_badly)
    story.tell()
    assert story.end() == END
    assert set(tries.values()) == {3}
