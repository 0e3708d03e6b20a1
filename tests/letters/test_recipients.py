"""Who gets letters: the billing address, owners and accountants, and whoever chose so."""

import pytest
from django.test import Client

from accounts import settings_history
from accounts.models import AuditEntry, Organization
from billing.errors import BillingAddressStays, NotARecipient
from billing.letters import low_usage, minutes, opting_out, posting, recipients
from billing.models import Letter
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

BILLS = "bills@acme.example"


@pytest.fixture
def story(now):
    """Ten minutes, of which eight are used; bills go to an address of their own."""
    story = begin(now, make.make_card(included_minutes=10))
    story.owner.billing_email = BILLS
    story.owner.save(update_fields=["billing_email"])
    for role in ("accountant", "member"):
        accounts.make_member(
            organization=story.owner, role=role, email=f"{role}@acme.example"
        )
    story.talk(60 * 8)
    return story


def choose(story, address, *, kind="", wanted):
    recipients.choose(
        story.owner,
        address=address,
        kind=kind,
        wanted=wanted,
        actor="test",
        now=story.now,
    )


def low_letters(story) -> set[str]:
    low_usage.write_due(now=story.now)
    return set(Letter.objects.values_list("address", flat=True))


def test_owners_accountants_and_the_billing_address_get_one_each(story):
    owner = story.owner.owner.email
    for _ in range(2):
        assert low_letters(story) == {BILLS, owner, "accountant@acme.example"}
    assert Letter.objects.count() == 3


def test_a_member_may_choose_them_and_an_accountant_none(story):
    choose(story, "Member@acme.example", wanted=True)
    choose(story, "accountant@acme.example", wanted=False)
    told = low_letters(story)
    assert "member@acme.example" in told
    assert "accountant@acme.example" not in told


def test_who_is_billed_at_their_own_address_gets_one_letter(story):
    Organization.objects.update(billing_email="ACCOUNTANT@acme.example")
    found = [one.address.lower() for one in recipients.recipients_of(fresh(story))]
    assert found.count("accountant@acme.example") == 1


def fresh(story) -> Organization:
    return Organization.objects.get(pk=story.owner.pk)


def test_the_billing_address_cannot_be_without_what_must_be_told(story):
    with pytest.raises(BillingAddressStays):
        choose(story, BILLS, wanted=False)
    choose(story, BILLS, kind="low_usage", wanted=False)
    assert BILLS not in low_letters(story)
    story.talk(120)
    minutes.write_gone(now=story.now)
    assert Letter.objects.filter(kind="minutes_gone", address=BILLS).exists()


def test_nobody_else_is_written_to(story):
    with pytest.raises(NotARecipient):
        choose(story, "stranger@acme.example", wanted=True)
    with pytest.raises(NotARecipient):
        choose(story, BILLS, kind="minutes_gone", wanted=False)


def test_the_link_in_a_letter_ends_it_for_its_reader_alone(story):
    low_usage.write_due(now=story.now)
    letter = Letter.objects.get(address="accountant@acme.example")
    path = opting_out.url_of(letter).removeprefix("http://127.0.0.1:8000")
    assert "accountant@acme.example" in Client().get(path).content.decode()
    for _ in range(2):
        Client().post(path)
    wanted = recipients.addresses_for("low_usage", story.owner)
    assert "accountant@acme.example" not in wanted
    assert BILLS in wanted
    assert AuditEntry.objects.filter(action="letters.chosen").count() == 1


def test_back_in_service_is_told_once_to_each_though_one_address_never_took_the_bad_news(
    story,
):
    story.talk(120)
    minutes.write_gone(now=story.now)
    posting.post_due(now=story.now)
    newest = Letter.objects.filter(kind="minutes_gone").latest("id")
    Letter.objects.filter(pk=newest.pk).update(
        state="refused", delivered_at=None, error="550 no such user"
    )
    story.buy(10)
    for _ in range(2):
        minutes.write_back(now=story.now)
        assert Letter.objects.filter(kind="back_in_service").count() == 3


def test_what_is_off_for_everybody_is_said_on_the_page_of_the_link(story):
    low_usage.write_due(now=story.now)
    path = opting_out.url_of(Letter.objects.first()).removeprefix("http://127.0.0.1:8000")
    settings_history.set_value(
        "low_usage_letters", False, organization=story.owner, actor="test", now=story.now
    )
    assert "turned them off for everybody" in Client().get(path).content.decode()


def test_members_who_see_no_bills_get_letters_about_usage_alone(story):
    recipients.choose_all(
        story.owner,
        address="member@acme.example",
        gets_letters=True,
        kinds=["low_usage", "receipt"],
        actor="test",
        now=story.now,
    )

    getting = [
        kind
        for kind in Letter.Kind.values
        if "member@acme.example" in recipients.addresses_for(kind, story.owner)
    ]

    assert getting == ["low_usage", "minutes_gone"]
