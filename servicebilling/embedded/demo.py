"""The demo in the embedded database: whether it is there, and who can sign in to it.

Its passwords are public. What the database itself says decides, so that no mistake about a
file can bring it before the world.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pyotp

from servicebilling.embedded import postgres
from servicebilling.embedded.postgres import Cluster

# What `seed_demo` writes into the audit trail before and after its work.
BEGUN, MADE = "demo.begun", "demo.made"


@dataclass(frozen=True)
class Found:
    """What the database holds: the demo, the beginning of one, anybody's data at all."""

    is_made: bool = False
    is_begun: bool = False
    has_data: bool = False

    @property
    def is_half(self) -> bool:
        """Interrupted. It began in an empty database, and no site ran since: nothing else
        can be in there."""
        return self.is_begun and not self.is_made


def find(cluster: Cluster) -> Found:
    """Return what the database holds; nothing, if it was never migrated."""
    with cluster.connect(database=postgres.DATABASE) as connection:
        for table in ("audit_entries", "organizations", "accounts_user"):
            if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
                return Found()
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM audit_entries WHERE action = %s),"
            " EXISTS (SELECT FROM audit_entries WHERE action = %s),"
            " EXISTS (SELECT FROM organizations) OR EXISTS (SELECT FROM accounts_user)",
            [MADE, BEGUN],
        ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM gives one row.
    return Found(*row)


def read_logins(path: Path) -> list[tuple[str, str, str]]:
    """Return e-mail, password and role in words, of the staff's administrator and of each
    organization's owner, from what `seed_demo --json` printed."""
    try:
        people = json.loads(path.read_text())["logins"]
    except (OSError, ValueError, KeyError):
        return []
    return [
        (person["email"], person["password"], _in_words(person))
        for person in people
        if person["role"] in ("staff:admin", "owner")
    ]


def staff_code(path: Path) -> str:
    """Return the code that staff are asked for just now; empty without a demo."""
    try:
        people = json.loads(path.read_text())["logins"]
        secret = next(one["totp_secret"] for one in people if one["totp_secret"])
    except (OSError, ValueError, KeyError, StopIteration):
        return ""
    return pyotp.TOTP(secret).now()


def _in_words(person: dict[str, str]) -> str:
    if person["role"] == "staff:admin":
        return "staff, sees everything at /admin/"
    return f"{person['role']} of {person['organization']}"
