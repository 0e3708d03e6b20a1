"""The lines of the team's page: members and invitations, and whose letters come back."""

from dataclasses import asdict, dataclass
from datetime import datetime

from accounts import reports
from accounts.models import Organization
from accounts.reports import InvitationLine, MemberLine
from billing.letters import bounces


@dataclass(frozen=True, slots=True)
class Member(MemberLine):
    # Why nothing is sent there any more; empty while letters arrive.
    comes_back: str


@dataclass(frozen=True, slots=True)
class Invited(InvitationLine):
    comes_back: str


def of(
    organization: Organization, *, now: datetime
) -> dict[str, list[Member] | list[Invited]]:
    """Return `members` and `invitations`; three statements."""
    members = reports.members_of(organization)
    invitations = reports.unanswered_invitations(organization, now=now)
    addresses = [one.email for one in members] + [one.email for one in invitations]
    marks = bounces.marks_of(addresses)

    def why(email: str) -> str:
        mark = marks.get(email.strip().lower())
        return mark.get_reason_display() if mark else ""

    return {
        "members": [Member(**asdict(one), comes_back=why(one.email)) for one in members],
        "invitations": [
            Invited(**asdict(one), comes_back=why(one.email)) for one in invitations
        ],
    }
