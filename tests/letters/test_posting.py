"""Mail servers fail: nothing is lost, and nothing goes out twice but for a killed worker."""

from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from billing.letters import posting, writing
from billing.letters.wording import Words
from billing.models import Letter
from tests.factories import accounts

pytestmark = pytest.mark.django_db


class Server(EmailBackend):
    """A mail server whose faults a test decides."""

    down = False
    fault: Exception | None = None
    after_sending = False

    def open(self) -> bool:
        if Server.down:
            raise ConnectionRefusedError
        return True

    def send_messages(self, messages):
        if Server.fault and not Server.after_sending:
            raise Server.fault
        sent = super().send_messages(messages)
        if Server.fault:
            raise Server.fault
        return sent


@pytest.fixture(autouse=True)
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.letters.test_posting.Server"
    for name, value in (("down", False), ("fault", None), ("after_sending", False)):
        monkeypatch.setattr(Server, name, value)
    return Server


def write(now, subject="News", about="1") -> None:
    words = Words(subject, "Something happened", ("It did.",))
    assert writing.write(
        "minutes_gone",
        words,
        organization=accounts.make_organization(),
        about=about,
        now=now,
    )


def test_a_server_that_is_down_two_hours_costs_nothing_but_time(now, server):
    for number in range(3):
        write(now, about=str(number))
    server.down = True
    for minute in range(120):
        assert posting.post_due(now=now + timedelta(minutes=minute)) == 0
    assert set(Letter.objects.values_list("attempts", flat=True)) == {0}
    server.down = False
    later = now + timedelta(hours=2)
    assert posting.post_due(now=later) == 3
    assert posting.post_due(now=later + timedelta(days=1)) == 0
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    "fault",
    [SMTPServerDisconnected("gone"), TimeoutError(), SMTPDataError(451, b"later")],
    ids=lambda fault: type(fault).__name__,
)
def test_a_server_that_breaks_off_is_tried_again_later(now, server, fault):
    write(now)
    server.fault = fault
    for minute in range(120):
        posting.post_due(now=now + timedelta(minutes=minute))
    letter = Letter.objects.get()
    assert letter.state == "waiting"
    assert 5 <= letter.attempts <= 12
    server.fault = None
    assert posting.post_due(now=now + timedelta(hours=3)) == 1
    assert len(mail.outbox) == 1


def test_an_address_that_does_not_exist_is_not_asked_again(now, server):
    write(now)
    server.fault = SMTPRecipientsRefused({"a@b.example": (550, b"no such user")})
    posting.post_due(now=now)
    letter = Letter.objects.get()
    assert (letter.state, letter.attempts) == ("refused", 1)
    assert "no such user" in letter.error


def test_greylisting_is_waited_out(now, server):
    write(now)
    server.fault = SMTPRecipientsRefused({"a@b.example": (450, b"greylisted")})
    posting.post_due(now=now)
    server.fault = None
    assert posting.post_due(now=now + timedelta(minutes=5)) == 1


def test_a_worker_killed_between_sending_and_marking_sends_one_more_with_the_same_id(
    now, server
):
    class Killed(BaseException):
        pass

    write(now)
    server.fault, server.after_sending = Killed(), True
    with pytest.raises(Killed):
        posting.post_due(now=now)
    server.fault = None
    assert posting.post_due(now=now + timedelta(minutes=1)) == 0
    assert posting.post_due(now=now + timedelta(minutes=11)) == 1
    assert posting.post_due(now=now + timedelta(days=1)) == 0
    first, second = mail.outbox
    assert first.message()["Message-ID"] == second.message()["Message-ID"]


def test_a_letter_that_cannot_be_made_holds_up_no_other(now):
    write(now, about="1")
    Letter.objects.update(words={"subject": "half"})
    write(now, about="2")
    assert posting.post_due(now=now) == 1
    assert Letter.objects.get(about="1").state == "waiting"


def test_after_three_days_it_is_given_up(now, server):
    write(now)
    server.fault = TimeoutError()
    posting.post_due(now=now + timedelta(days=4))
    assert Letter.objects.get().state == "refused"


def test_a_name_with_a_line_break_makes_no_header(now):
    write(now, subject="Hello\r\nBcc: everybody@example.com")
    assert posting.post_due(now=now) == 1
    assert "Bcc" not in mail.outbox[0].message()
