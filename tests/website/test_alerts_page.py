"""Thresholds, who gets letters, the spend cap, and what was told so far."""

from datetime import timedelta

import pytest

from accounts import settings_history
from accounts.models import AuditEntry
from billing.letters import bounces, low_usage, posting, recipients
from billing.letters.bounces import Bounce
from metering.models import Allowance
from metering.notices import telling
from tests.factories import metering as make
from tests.pages import stories
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

ALERTS = "/dashboard/alerts"


@pytest.fixture
def overage(organization, now):
    """100 minutes, then at most 200 more at 0.50."""
    card = make.make_card(
        included_minutes=100,
        when_exhausted="overage",
        overage_limit_minutes=200,
        unit_price="0.50",
    )
    make.make_balances(now=now, organization=organization, card=card)
    return stories.number_of(organization, now=now)


def chosen(organization, now, key):
    return settings_history.value_at(key, organization, now + timedelta(minutes=1))


def test_thresholds_are_kept_and_the_next_notice_is_named(
    client_of, admin, organization, number, now
):
    browser = client_of(admin)
    assert "Next notice 80 % used" in cheaply(browser, ALERTS)

    browser.post(
        f"{ALERTS}/thresholds",
        {"percents": "95, 50 %; 50", "minutes": "60,15", "amounts": "5.5"},
    )

    assert chosen(organization, now, "low_usage_thresholds_percent") == [50, 95]
    assert chosen(organization, now, "low_minutes_thresholds") == ["15", "60"]
    assert chosen(organization, now, "low_wallet_thresholds") == ["5.50"]
    page = seen(browser.get(ALERTS))
    assert "Next notice 60 minutes left" in page
    before = AuditEntry.objects.count()
    browser.post(
        f"{ALERTS}/thresholds",
        {"percents": "50,95", "minutes": "15,60", "amounts": "5.50"},
    )
    assert AuditEntry.objects.count() == before


def test_no_share_at_all_leaves_only_that_everything_is_used(
    client_of, owner, organization, number, now
):
    client_of(owner).post(f"{ALERTS}/thresholds", {"percents": ""})

    assert chosen(organization, now, "low_usage_thresholds_percent") == [100]
    assert "Next notice All minutes used" in seen(client_of(owner).get(ALERTS))


@pytest.mark.parametrize(
    "bad",
    [
        {"percents": "120"},
        {"percents": "1e1000"},
        {"minutes": "2.5"},
        {"amounts": "-3"},
        {"amounts": "٣"},
        {"minutes": ",".join(map(str, range(1, 13)))},
    ],
)
def test_what_is_no_threshold_is_refused_and_kept_to_be_mended(
    client_of, owner, organization, number, now, bad
):
    answer = client_of(owner).post(f"{ALERTS}/thresholds", {"percents": "70"} | bad)

    assert "field-errors" in answer.content.decode()
    assert next(iter(bad.values())) in answer.content.decode()
    assert chosen(organization, now, "low_usage_thresholds_percent") == [80]


def test_a_chosen_threshold_is_told_and_listed_with_its_letters(
    client_of, owner, organization, number, now
):
    client_of(owner).post(f"{ALERTS}/thresholds", {"percents": "", "minutes": "97"})
    telling._kept.clear()
    later = now + timedelta(minutes=10)
    stories.talk(number, at=later, seconds=170)
    low_usage.write_due(now=later)
    posting.post_due(now=later)

    page = cheaply(client_of(owner), f"{ALERTS}/history")

    assert "97 minutes left 97 of 100 min" in page
    assert f"97 minutes left for {organization.name} {owner.email} Sent" in page


def test_history_goes_back_page_by_page(client_of, owner, organization, number, now):
    for day in range(25):
        at = now + timedelta(seconds=day)
        make.make_notice(organization=organization, threshold=day + 1, at=at)

    page = client_of(owner).get(f"{ALERTS}/history")
    older = page.context["page"].older_notices_url

    assert len(page.context["page"].notices.lines) == 20
    rest = client_of(owner).get(older).context["page"].notices
    assert [int(line.threshold) for line in rest.lines] == [5, 4, 3, 2, 1]
    assert rest.next is None


def test_everybody_chooses_letters_for_themselves_alone(
    client_of, member, owner, organization, number
):
    browser = client_of(member)
    browser.post(
        f"{ALERTS}/letters",
        {"address": member.email, "gets": "yes", "kind": ["low_usage"]},
    )

    assert member.email in recipients.addresses_for("low_usage", organization)
    assert member.email not in recipients.addresses_for("receipt", organization)
    other = browser.post(f"{ALERTS}/letters", {"address": owner.email, "gets": "yes"})
    assert other.status_code == 403
    assert owner.email in recipients.addresses_for("low_usage", organization)


def test_what_was_turned_off_for_everybody_can_come_again(
    client_of, owner, organization, number, now
):
    settings_history.set_value(
        "receipt_letters", False, organization=organization, actor="test", now=now
    )
    assert "“Payments received” is off for everybody" in seen(client_of(owner).get(ALERTS))

    client_of(owner).post(f"{ALERTS}/letters/again", {"kind": "receipt"})

    assert chosen(organization, now, "receipt_letters") is True


def test_a_cap_of_ones_own_refuses_calls_earlier(
    client_of, owner, organization, overage, now
):
    browser = client_of(owner)
    page = cheaply(browser, ALERTS)
    assert "at most 200 minutes in a cycle. That is $100.00 at most" in page

    browser.post(f"{ALERTS}/cap", {"minutes": "10"})

    page = seen(browser.get(ALERTS))
    assert "Calls stop at 10 overage minutes" in page
    assert "Your own cap is in force" in page
    assert Allowance.objects.get().minutes_ceiling == 110
    stories.talk(overage, at=now, seconds=60 * 100)
    stories.talk(overage, at=now, seconds=60 * 10)
    assert stories.ring(overage, at=now).rule == "overage_limit"
    browser.post(f"{ALERTS}/cap", {"minutes": ""})
    assert stories.ring(overage, at=now).admitted
    assert AuditEntry.objects.filter(action="spend_cap.set").count() == 2


@pytest.mark.parametrize("bad", ["201", "-1", "many"])
def test_a_cap_above_the_plans_limit_is_refused(
    client_of, owner, organization, overage, bad
):
    answer = client_of(owner).post(f"{ALERTS}/cap", {"minutes": bad})

    assert "field-errors" in answer.content.decode()
    assert Allowance.objects.get().overage_limit_minutes is None


def test_members_read_and_change_nothing(client_of, member, number):
    page = seen(client_of(member).get(ALERTS))

    assert "Percent of the minutes used 80" in page
    assert "Save the cap" not in page
    for what in ("thresholds", "cap", "letters/again"):
        assert client_of(member).post(f"{ALERTS}/{what}").status_code == 403


def test_grace_minutes_are_shown(client_of, owner, organization, now):
    card = make.make_card(included_minutes=10, grace_minutes=5)
    make.make_balances(now=now, organization=organization, card=card)

    assert "Grace minutes 5 min" in seen(client_of(owner).get(ALERTS))


def test_an_address_that_mail_comes_back_from_is_marked(client_of, owner, number, now):
    bounces.note(Bounce(owner.email, "bounced", told_by="test"), now=now)

    page = cheaply(client_of(owner), ALERTS)

    assert (
        "E-mails come back This address does not exist, so nothing is sent there." in page
    )
