"""Details, numbers and agents, and the end of an organization."""

import pytest

from accounts.models import Organization
from billing.models import Plan, Subscription
from metering.models import Agent, Call, PhoneNumber
from tests.factories import metering as make
from tests.pages import stories
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

SETTINGS = "/dashboard/settings"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def details(**changes) -> dict[str, str]:
    return {
        "name": "Acme Dental",
        "billing_email": "bills@example.com",
        "timezone": "Europe/Berlin",
    } | changes


def test_details_are_saved(mine, organization):
    mine.post(f"{SETTINGS}/details", details())

    organization.refresh_from_db()
    assert organization.timezone == "Europe/Berlin"
    page = cheaply(mine, SETTINGS)
    assert "Saved." in page or "Acme Dental" in page


@pytest.mark.parametrize(
    "bad", [{"name": ""}, {"billing_email": "x"}, {"timezone": "Mars/Base"}]
)
def test_bad_details_change_nothing_and_keep_the_rest(mine, organization, bad):
    answer = mine.post(f"{SETTINGS}/details", details(name="Other") | bad)

    assert answer.status_code == 200
    assert "field-errors" in answer.content.decode()
    organization.refresh_from_db()
    assert organization.name == "Acme Dental"


def test_another_agent_answers_a_number(mine, organization, number, now):
    second = Agent.objects.create(
        organization=organization, name="Night", provider_assistant_id="night"
    )

    mine.post(f"{SETTINGS}/number", {"phone_number": number.pk, "agent": second.pk})

    number.refresh_from_db()
    assert number.agent == second
    assert f"Night answers {number.e164} now" in seen(mine.get(SETTINGS))


def test_agents_are_renamed_and_nothing_foreign_is(mine, number, now):
    theirs = stories.number_of(make.make_balances(now=now), now=now)

    mine.post(f"{SETTINGS}/agent", {"agent": number.agent_id, "name": "Front desk"})
    mine.post(f"{SETTINGS}/agent", {"agent": theirs.agent_id, "name": "Mine"})
    mine.post(f"{SETTINGS}/number", {"phone_number": theirs.pk, "agent": ""})
    mine.post(f"{SETTINGS}/number", {"phone_number": number.pk, "agent": theirs.agent_id})

    names = set(Agent.objects.values_list("name", flat=True))
    assert "Front desk" in names
    assert "Mine" not in names
    assert PhoneNumber.objects.get(pk=theirs.pk).agent_id == theirs.agent_id
    assert "There is no such agent" in seen(mine.get(SETTINGS))


def test_member_reads_and_changes_nothing(client_of, member, number):
    browser = client_of(member)

    page = seen(browser.get(SETTINGS))
    assert "Close the organization" not in page
    assert browser.post(f"{SETTINGS}/details", details()).status_code == 403
    assert browser.post(f"{SETTINGS}/close").status_code == 403


def test_closing_takes_the_typed_name(mine, organization):
    refused = mine.post(f"{SETTINGS}/close", {"typed": "acme"})
    assert "This is not Acme Dental" in seen(refused)

    closed = mine.post(f"{SETTINGS}/close", {"typed": "Acme Dental"})

    assert Organization.objects.get(pk=organization.pk).status == "closed"
    assert "Acme Dental is closed." in seen(mine.get(closed.url))
    assert "This organization is closed" in seen(mine.get("/dashboard"))


def test_organization_that_pays_for_a_plan_cannot_be_closed(
    catalogue, mine, organization, now
):
    plan = Plan.objects.get(code="hybrid")
    Subscription.objects.create(
        organization=organization,
        plan=plan,
        rate_card=plan.rate_card,
        price="49",
        currency="USD",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        created_at=now,
    )

    refused = mine.post(f"{SETTINGS}/close", {"typed": "Acme Dental"})

    assert "A plan is still being paid for" in seen(refused)
    assert Organization.objects.get(pk=organization.pk).status == "active"


def test_number_is_called_by_its_name_wherever_it_is_shown(mine, number, now):
    stories.talk(number, at=now, seconds=60)
    mine.post(
        f"{SETTINGS}/number",
        {"phone_number": number.pk, "agent": number.agent_id, "label": " Front   desk "},
    )

    told = seen(mine.get(SETTINGS))
    assert f"{number.agent.name} answers Front desk ({number.e164}) now." in told
    assert 'value="Front desk"' in mine.get(SETTINGS).content.decode()
    call = Call.objects.get()
    for page in (
        "/dashboard",
        "/dashboard/calls",
        "/dashboard/usage",
        f"/dashboard/calls/{call.pk}",
    ):
        shown = cheaply(mine, page)
        assert "Front desk" in shown, page
        assert number.e164 in shown, page


@pytest.mark.parametrize("bad", ["x" * 61, "two\u0000lines"])
def test_number_without_a_fit_name_stays_as_it_is(mine, number, bad):
    answer = mine.post(
        f"{SETTINGS}/number", {"phone_number": number.pk, "agent": "", "label": bad}
    )

    assert "at most 60 printable characters" in seen(mine.get(answer.url))
    number.refresh_from_db()
    assert (number.label, bool(number.agent)) == ("", True)


def test_answering_leaves_the_name(mine, number):
    PhoneNumber.objects.update(label="Front desk")

    mine.post(f"{SETTINGS}/number", {"phone_number": number.pk, "agent": ""})

    number.refresh_from_db()
    assert (number.label, number.agent) == ("Front desk", None)
