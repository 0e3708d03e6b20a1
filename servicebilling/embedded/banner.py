"""What ./run prints once the site answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Facts:
    url: str
    var: Path
    # Where the data is, in words.
    data: str
    has_mail: bool
    # E-mail, password and role in words of the demo's people; none without a demo.
    logins: Sequence[tuple[str, str, str]] = ()
    # Of the staff's second factor, good for half a minute; empty without a demo.
    staff_code: str = ""
    # Title, address and hints of each service that is only played.
    stand_ins: Sequence[tuple[str, str, Sequence[str]]] = ()


def text(facts: Facts) -> str:
    """Return the banner: where the site is, how to sign in, where everything lies."""
    secret = facts.var / "secrets" / "VAPI_WEBHOOK_SECRET"
    blocks = {
        "Sign in": _sign_in(facts),
        "Staff code": _staff_code(facts),
        "Vapi webhook": [
            f"POST {facts.url}/api/webhooks/vapi",
            f"with the header X-Vapi-Secret: the text in {secret}",
        ],
        "Played": _stand_ins(facts),
        "Data": [facts.data],
        "Mail": _mail(facts),
        "Logs": [str(facts.var / "log")],
        "Stop": ["Ctrl-C"],
    }
    lines = [
        f"  {title if number == 0 else '':<14}{line}"
        for title, block in blocks.items()
        for number, line in enumerate(block)
    ]
    return "\n".join(["", f"ServiceBilling is running: {facts.url}", "", *lines, ""])


def _sign_in(facts: Facts) -> list[str]:
    if not facts.logins:
        return [f"{facts.url}/accounts/signup/ makes a login"]
    email = max(len(login[0]) for login in facts.logins) + 2
    password = max(len(login[1]) for login in facts.logins) + 2
    return [f"{one:<{email}}{two:<{password}}{three}" for one, two, three in facts.logins]


def _staff_code(facts: Facts) -> list[str]:
    if not facts.staff_code:
        return []
    return [
        f"{facts.staff_code} now, asked for when staff sign in; later ones:"
        " .venv/bin/python manage.py demo_code"
    ]


def _mail(facts: Facts) -> list[str]:
    if not facts.has_mail:
        return []
    kept = f"letters are files in {facts.var / 'mail'}"
    return [f"{facts.url}/admin/mailbox, for staff", kept] if facts.logins else [kept]


def _stand_ins(facts: Facts) -> list[str]:
    lines: list[str] = []
    for title, url, hints in facts.stand_ins:
        lines += [f"{title}, by a stand-in: {url}/_sandbox (nothing is real)", *hints]
    return lines
