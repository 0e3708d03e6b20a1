"""Where a person is signed in, and ending that from afar.

The rows are written by `allauth.usersessions` at each sign-in; here they are read in one
statement together with the sessions they stand for, so a page about many costs no more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.models import User


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser in which a person is signed in."""

    id: int
    ip: str
    user_agent: str
    began_at: datetime
    ends_at: datetime
    is_this_one: bool


def of(user: User, *, session_key: str | None, now: datetime) -> list[SignIn]:
    """Return the person's living sign-ins: this browser's first, then the newest.

    `session_key` is that of the browser that asks. Sessions that ran out, or began before
    the password was changed, let nobody in and are not shown.
    """
    rows = {one.session_key: one for one in UserSession.objects.filter(user_id=user.pk)}
    living = Session.objects.filter(pk__in=rows, expire_date__gt=now)
    found = [
        SignIn(
            id=rows[session.pk].pk,
            ip=rows[session.pk].ip,
            user_agent=rows[session.pk].user_agent,
            began_at=rows[session.pk].created_at,
            ends_at=session.expire_date,
            is_this_one=session.pk == session_key,
        )
        for session in living
        if _lets_in(user, session.get_decoded())
    ]
    return sorted(found, key=lambda one: (not one.is_this_one, -one.began_at.timestamp()))


def end(user: User, sign_in_id: int) -> bool:
    """Sign the person out in one browser; False if there is no such sign-in of theirs."""
    return _end(UserSession.objects.filter(user_id=user.pk, pk=sign_in_id)) > 0


def end_others(user: User, *, session_key: str | None) -> int:
    """Sign the person out everywhere but in the browser with that session; returns in how
    many places. Without a session, everywhere."""
    mine = UserSession.objects.filter(user_id=user.pk)
    return _end(mine.exclude(session_key=session_key) if session_key else mine)


def _end(chosen: Any) -> int:
    with transaction.atomic():
        keys = list(chosen.values_list("session_key", flat=True))
        ended, _ = Session.objects.filter(pk__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()
    return ended


def _lets_in(user: User, session: dict[str, Any]) -> bool:
    return session.get(SESSION_KEY) == str(user.pk) and constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
    )
