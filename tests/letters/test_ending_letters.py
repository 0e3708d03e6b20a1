"""The signed link at the foot of optional letters."""

from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEntry
from billing.letters import low_usage, minutes, posting
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db


def low(now):
    story = begin(now, make.make_card(included_minutes=10))
    story.talk(60 * 8)
    return story


def link_of(message) -> str:
    return urlsplit(message.message()["List-Unsubscribe"].strip("<>")).path


def test_a_mail_program_ends_them_with_one_post_and_looking_ends_nothing(now):
    story = low(now)
    low_usage.write_due(now=story.now)
    posting.post_due(now=story.now)
    path = link_of(mail.outbox[0])
    assert path in mail.outbox[0].body
    browser = Client(enforce_csrf_checks=True)
    assert "Send no more of them" in browser.get(path).content.decode()
    assert AuditEntry.objects.filter(action="letters.chosen").count() == 0
    for _ in range(2):
        said = browser.post(path, {"List-Unsubscribe": "One-Click"})
        assert "gets no more of them" in said.content.decode()
    assert AuditEntry.objects.filter(action="letters.chosen").count() == 1
    assert "Send no more" in browser.post(path, {"wanted": "yes"}).content.decode()


def test_what_must_be_told_has_no_such_link(now):
    story = low(now)
    story.talk(120)
    minutes.write_gone(now=story.now)
    posting.post_due(now=story.now)
    assert mail.outbox[0].message()["List-Unsubscribe"] is None
    assert "No more letters" not in mail.outbox[0].body


def test_a_link_that_was_changed_opens_nothing(now):
    story = low(now)
    low_usage.write_due(now=story.now)
    posting.post_due(now=story.now)
    path = link_of(mail.outbox[0])
    assert Client().post(f"{path[:-1]}{'a' if path[-1] != 'a' else 'b'}").status_code == 404
