"""What refused callers hear, and the person who takes their calls."""

import re
from datetime import timedelta

import pytest

from accounts.models import AuditEntry
from metering.calls import refusals
from metering.models import HumanLine
from tests.factories import accounts
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

REFUSED = "/dashboard/alerts/refused"
HUMAN = "+12025550178"
OURS = refusals.TEXTS["no_minutes"]


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def said(number, now, rule="no_minutes") -> str:
    """What the caller of the number hears."""
    number.agent.refresh_from_db()
    return refusals.text(
        rule,
        agent_text=number.agent.refusal_text,
        organization_id=number.organization_id,
        now=now,
    )


def word(browser, of, words, **more):
    return browser.post(f"{REFUSED}/words", {"of": str(of), "words": words} | more)


def test_an_agents_words_are_tried_before_they_are_kept(mine, number, now):
    assert f"{number.agent.name} Our words “{OURS}”" in cheaply(mine, REFUSED)

    tried = seen(word(mine, number.agent_id, "Call us tomorrow.", act="try"))

    assert "A caller would hear “Call us tomorrow.”" in tried
    assert said(number, now) == OURS
    word(mine, number.agent_id, "Call us tomorrow.")
    page = seen(mine.get(REFUSED))
    assert f"{number.agent.name} Own words “Call us tomorrow.”" in page
    assert said(number, now) == "Call us tomorrow."


def test_words_for_a_reason_hold_for_agents_without_their_own(mine, number, now):
    word(mine, "past_due", "  Ask   our office. ")
    word(mine, "default", "Please try later.")

    later = now + timedelta(days=365)
    assert said(number, later, "past_due") == "Ask our office."
    assert said(number, later) == "Please try later."
    assert "A payment is overdue Your words “Ask our office.”" in seen(mine.get(REFUSED))
    count = AuditEntry.objects.count()
    word(mine, "default", "Please try later.")
    assert AuditEntry.objects.count() == count
    word(mine, "default", "")
    word(mine, "past_due", "")
    assert said(number, now + timedelta(days=730)) == OURS


@pytest.mark.parametrize("of", ["agent", "no_minutes"])
def test_what_cannot_be_spoken_is_refused_and_kept_to_be_mended(mine, number, now, of):
    of = number.agent_id if of == "agent" else of

    page = word(mine, of, "See https://acme.example").content.decode()

    assert "field-errors" in page
    assert "See https://acme.example</textarea>" in page
    assert said(number, now) == OURS


def test_nonsense_and_foreign_agents_change_nothing(mine, number, client_of):
    stranger = accounts.make_organization().owner
    word(client_of(stranger), number.agent_id, "Mine now.")
    number.agent.refresh_from_db()
    assert number.agent.refusal_text == ""
    assert word(mine, "weather", "It rains.").status_code == 200


def test_a_person_takes_refused_calls_once_the_code_is_typed(
    mine, provider, organization, number
):
    number.e164 = "+12025550143"
    number.save()
    mine.post(f"{REFUSED}/line", {"number": "+1 202 555 0178"})
    page = cheaply(mine, REFUSED)
    assert f"{HUMAN} is called by +12025550143 and told six digits" in page
    code = "".join(re.findall("[0-9]", provider.calls()[-1]["assistant"]["firstMessage"]))[
        :6
    ]

    wrong = seen(mine.post(f"{REFUSED}/line/code", {"code": "12"}))
    assert "4 tries are left" in wrong
    mine.post(f"{REFUSED}/line/code", {"code": f"{code[:3]} {code[3:]}"})

    page = cheaply(mine, REFUSED)
    assert f"go to {HUMAN}" in page
    assert "0 in 24 hours, of at most 20" in page
    assert "Countries US" in page
    mine.post(f"{REFUSED}/line/off")
    assert HumanLine.objects.get(organization=organization).confirmed_at is None
    assert "Off" in seen(mine.get(REFUSED))


def test_a_number_that_may_not_be_called_is_said_so_beside_it(mine, provider, number):
    number.e164 = "+12025550143"
    number.save()

    page = mine.post(f"{REFUSED}/line", {"number": "+442079460101"})

    assert "Calls to GB are not allowed here." in seen(page)
    assert 'value="+442079460101"' in page.content.decode()
    assert HumanLine.objects.count() == 0


def test_what_a_call_hears_before_it_must_end_is_worded_silenced_and_given_back(
    mine, organization, number
):
    ours = "This call will end in about one minute."
    assert "Before a call must end On" in cheaply(mine, REFUSED)

    mine.post(f"{REFUSED}/last-minute", {"words": "  One minute   left. "})
    assert "the agent says: “One minute left.”" in seen(mine.get(REFUSED))

    refused = mine.post(f"{REFUSED}/last-minute", {"words": "See https://x.example"})
    assert "no braces or links" in seen(refused)
    assert "See https://x.example" in refused.content.decode()
    empty = mine.post(f"{REFUSED}/last-minute", {"words": " "})
    assert "or choose to say nothing" in seen(empty)
    assert "“One minute left.”" in seen(mine.get(REFUSED))

    mine.post(f"{REFUSED}/last-minute", {"words": "One minute left.", "act": "silent"})
    assert "nothing is said: the call just ends" in seen(mine.get(REFUSED))
    mine.post(f"{REFUSED}/last-minute", {"act": "ours"})
    assert f"“{ours}”" in seen(mine.get(REFUSED))


def test_members_hear_it_and_change_nothing(client_of, member, number):
    page = seen(client_of(member).get(REFUSED))

    assert OURS in page
    assert "Call it with a code" not in page
    for what in ("words", "last-minute", "line", "line/code", "line/off"):
        assert client_of(member).post(f"{REFUSED}/{what}").status_code == 403
