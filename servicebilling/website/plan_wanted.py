"""The plan that somebody chose before they signed up, until their organization is named.

It is kept in the session alone: whoever confirms their address in another browser chooses
again.
"""

import re
from dataclasses import dataclass

from django.http import HttpRequest

from accounts.forms import WANTED_KEY
from accounts.models import Organization
from servicebilling.website import addresses
from servicebilling.website.frames import url_of

_SAID = re.compile(
    r"(?P<plan>[a-z0-9-]{1,50})\.(?P<period>monthly|yearly)\.(?P<currency>[A-Z]{3})"
)


@dataclass(frozen=True, slots=True)
class WantedPlan:
    plan: str
    period: str
    currency: str

    def url_for(self, organization: Organization) -> str:
        """Return the address of the plan on the price list."""
        here = url_of("website:pricing", organization)
        said = {"period": self.period, "currency": self.currency}
        return f"{addresses.joined(here, said)}#plan-{self.plan}"


def of(request: HttpRequest) -> WantedPlan | None:
    """Return the plan that was chosen; what makes no sense is as if it were not there."""
    found = _SAID.fullmatch(request.session.get(WANTED_KEY, ""))
    return WantedPlan(**found.groupdict()) if found else None


def forget(request: HttpRequest) -> None:
    request.session.pop(WANTED_KEY, None)
