"""Letters as they look, and the mail that was caught where no server is set."""

import pytest
from django.contrib.auth.models import Group
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from accounts import audit
from billing.demo.logins import MADE
from billing.letters import low_usage
from billing.models import Letter
from tests.factories import metering as make
from tests.metering.conftest import NOW
from tests.metering.story import begin

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(staff, client_of):
    staff.is_superuser = True
    staff.save(update_fields=["is_superuser"])
    return client_of(staff)


def test_a_letter_is_looked_at_as_it_is_posted(root):
    story = begin(NOW, make.make_card(included_minutes=10))
    story.talk(60 * 8)
    low_usage.write_due(now=story.now)
    letter = Letter.objects.get()
    place = reverse("adminpanel:letter", args=[letter.pk])
    assert place in root.get(reverse("admin:billing_letter_changelist")).content.decode()
    seen = root.get(place)
    assert "Your minutes are running low" in seen.content.decode()
    assert "script-src 'none'" in seen["Content-Security-Policy"]
    assert root.get(f"{place}?as=text")["Content-Type"].startswith("text/plain")
    assert root.get(reverse("adminpanel:letter", args=[0])).status_code == 404


@pytest.fixture
def files(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)


def send(subject: str, text: str) -> None:
    message = EmailMultiAlternatives(subject, text, to=["somebody@example.com"])
    message.attach_alternative("<p>as html</p>", "text/html")
    message.send()


def test_caught_mail_is_shown_as_text_and_its_tags_stay_text(files, root):
    send("Hello ü", "Open https://example.com/ <script>alert(1)</script>")
    seen = root.get(reverse("adminpanel:mailbox")).content.decode()
    assert "Hello ü" in seen
    assert 'href="https://example.com/"' in seen
    assert "<script>alert" not in seen


def test_only_superusers_read_it_since_it_holds_links_that_let_people_in(
    files, staff, client_of
):
    send("Set your password", "link")
    assert client_of(staff).get(reverse("adminpanel:mailbox")).status_code == 403


def test_where_mail_goes_out_nothing_is_shown(root):
    send("Hello", "text")
    seen = root.get(reverse("adminpanel:mailbox")).content.decode()
    assert "Mail goes out by a mail server" in seen


def test_staff_of_the_demo_read_it_since_all_its_passwords_are_public(
    files, staff, client_of
):
    send("Set your password", "link")
    place = reverse("adminpanel:mailbox")
    audit.record(organization=None, actor="command", action=MADE, now=NOW)
    staff.groups.set([Group.objects.get(name="support")])
    assert client_of(staff).get(place).status_code == 403
    staff.groups.set([Group.objects.get(name="admin")])
    browser = client_of(staff)
    assert "Set your password" in browser.get(place).content.decode()
    assert place in browser.get(reverse("adminpanel:organizations")).content.decode()
