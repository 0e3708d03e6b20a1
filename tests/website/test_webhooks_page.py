"""The page of webhooks: an address is added, its secret shown once, a message sent again."""

import re
from datetime import timedelta

import pytest

from metering.models import WebhookDelivery, WebhookEndpoint
from metering.outgoing import endpoints, publishing
from tests.factories import accounts as make
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

PAGE = "/dashboard/webhooks"
URL = "https://hooks.example.com/billing"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def add(browser, **fields):
    return browser.post(f"{PAGE}/new", {"url": URL, "events": ["minutes.low"]} | fields)


def test_an_address_is_added_and_its_secret_shown_once(mine):
    answer = add(mine)

    secret = re.search(r'id="new-secret">([^<]+)<', answer.content.decode())[1]
    assert "no-store" in answer["Cache-Control"]
    assert WebhookEndpoint.objects.get().secret == secret
    page = cheaply(mine, PAGE)
    assert secret not in page
    assert f"{URL} Minutes run low Since" in page


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"events": []}, "Choose what it hears of"),
        ({"events": ["all"]}, "all is not one of the available choices"),
        ({"url": ""}, "This field is required"),
        ({"url": "http://hooks.example.com/"}, "https"),
        ({"url": "https://127.0.0.1/"}, ""),
    ],
    ids=str,
)
def test_bad_wishes_add_nothing_and_lose_nothing(mine, fields, why):
    answer = add(mine, **fields)

    assert why in seen(answer)
    assert {"field-errors", "banner-bad"} & set(
        re.findall(r"[\w-]+", answer.content.decode())
    )
    assert not WebhookEndpoint.objects.exists()


def test_a_second_time_the_same_address_is_refused_in_words(mine):
    add(mine)
    assert "There is an endpoint with this address already" in seen(add(mine))


def test_a_new_secret_replaces_the_old_one_in_a_day(mine):
    add(mine)
    made = WebhookEndpoint.objects.get()

    answer = mine.post(f"{PAGE}/rotate", {"endpoint": made.pk})

    fresh = WebhookEndpoint.objects.get()
    assert fresh.secret in answer.content.decode()
    assert f"by the old one, too. This is the only time it is shown. {URL}" in seen(answer)
    assert "signed by the old secret, too, until" in seen(answer)
    assert fresh.secret_before == made.secret


def test_a_message_is_sent_again(mine, organization, now):
    add(mine)
    publishing.publish(organization.pk, "minutes.low", {"percent": 80}, now=now)
    WebhookDelivery.objects.update(
        state="failed", attempts=10, response_status=500, next_attempt_at=None
    )
    assert "Given up" in cheaply(mine, PAGE)
    page = cheaply(mine, PAGE)
    assert "Tried 10 times: answered 500" in page
    assert "&quot;percent&quot;: 80" in page
    assert "webhook-id: msg_" in page
    assert "Send again" in page

    again = mine.post(f"{PAGE}/resend", {"message": WebhookDelivery.objects.get().pk})

    assert again.status_code == 302
    sent = WebhookDelivery.objects.get()
    assert (sent.state, sent.attempts) == ("waiting", 0)
    assert sent.next_attempt_at is not None
    page = cheaply(mine, PAGE)
    assert "It is sent again within seconds" not in page
    assert "Send again" not in page


def test_nothing_is_sent_to_a_removed_address(mine, organization, now):
    add(mine)
    publishing.publish(organization.pk, "minutes.low", {}, now=now)
    WebhookDelivery.objects.update(state="delivered")
    endpoint = {"endpoint": WebhookEndpoint.objects.get().pk}

    assert mine.post(f"{PAGE}/remove", endpoint).status_code == 302
    gone = mine.post(f"{PAGE}/remove", endpoint, follow=True)

    assert "There is no such webhook" in seen(gone)
    page = cheaply(mine, PAGE)
    assert "Nowhere yet. Name an address of yours" in page
    assert "Delivered" in page
    assert "Send again" not in page


def test_messages_of_strangers_are_neither_seen_nor_sent(
    mine, other_organization, now, owner
):
    endpoints.add(other_organization, url=URL, kinds=["minutes.low"], actor="test", now=now)
    publishing.publish(other_organization.pk, "minutes.low", {}, now=now)
    WebhookDelivery.objects.update(state="failed")

    assert URL not in cheaply(mine, PAGE)
    for message in (WebhookDelivery.objects.get().pk, "", "nonsense"):
        mine.post(f"{PAGE}/resend", {"message": message})
    assert WebhookDelivery.objects.get().state == "failed"


def test_the_log_goes_page_by_page_and_costs_the_same(mine, organization, now):
    add(mine)
    for minute in range(30):
        publishing.publish(
            organization.pk, "minutes.low", {}, now=now - timedelta(minutes=minute)
        )
    first = mine.get(PAGE).content.decode()
    assert first.count('class="chip chip-warn"') == 25
    older = re.search(r'href="([^"]+cursor=[^"]+)#log"', first)[1].replace("&amp;", "&")
    assert mine.get(older).content.decode().count('class="chip chip-warn"') == 5
    cheaply(mine, older)
    assert mine.get(f"{PAGE}?cursor=nonsense").status_code == 200


def test_who_may_not_see_webhooks_is_told_nothing_of_them(client_of, organization, number):
    member = make.make_member(organization=organization, role="member")
    assert client_of(member).get(PAGE).status_code in (403, 404)
