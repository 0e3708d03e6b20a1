"""Who gets an organization's letters: its billing address, and members by role or by choice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import audit, capabilities
from accounts.audit import Actor
from accounts.capabilities import ACCOUNTANT, OWNER
from accounts.models import Membership, Organization
from billing.errors import BillingAddressStays, NotARecipient
from billing.models import OPTIONAL_KINDS, Letter, LetterChoice

# Who gets letters without having chosen so: those who look after the money.
TOLD_ROLES = (OWNER, ACCOUNTANT)
# What these tell, members without a view of bills may know.
ABOUT_USAGE = (
    Letter.Kind.LOW_USAGE,
    Letter.Kind.MINUTES_GONE,
    Letter.Kind.BACK_IN_SERVICE,
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address; `name` and `role` are empty where it is no member's. `declined` are
    kinds of optional letters that it does without."""

    address: str
    name: str
    role: str
    user_id: int | None
    is_billing_address: bool
    gets_letters: bool
    # Else only letters about usage go there.
    sees_bills: bool
    declined: frozenset[str]

    def may_get(self, kind: str) -> bool:
        return self.sees_bills or kind in ABOUT_USAGE

    def gets(self, kind: str) -> bool:
        return self.gets_letters and self.may_get(kind) and kind not in self.declined


def recipients_of(organization: Organization) -> list[Recipient]:
    """Return whoever gets letters or may, the billing address first; two statements."""
    chosen = {
        (row.address, row.kind): row.is_wanted
        for row in LetterChoice.objects.filter(organization=organization)
    }
    members = (
        Membership.objects.filter(organization=organization, user__is_active=True)
        .exclude(user__email="")
        .select_related("user")
        .order_by("created_at", "pk")
    )
    billing = organization.billing_email
    found = {billing.lower(): _recipient(billing, None, chosen, is_billing=True)}
    for member in members:
        address = member.user.email.lower()
        is_billing = address == billing.lower()
        found[address] = _recipient(
            member.user.email, member, chosen, is_billing=is_billing
        )
    return list(found.values())


def addresses_for(kind: str, organization: Organization) -> list[str]:
    """Return the addresses that a letter of this kind goes to; two statements."""
    return [one.address for one in recipients_of(organization) if one.gets(kind)]


@transaction.atomic
def choose(
    organization: Organization,
    *,
    address: str,
    kind: str = "",
    wanted: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """Let an address get letters of an optional kind, or any at all (no `kind`), or not;
    quiet if it is so already.

    Raises `NotARecipient`, and `BillingAddressStays` when nobody would be left to be told
    what must be told.
    """
    recipient = _known(organization, address)
    if kind not in ("", *OPTIONAL_KINDS):
        raise NotARecipient
    if not kind and not wanted and recipient.is_billing_address:
        raise BillingAddressStays
    is_so = (kind not in recipient.declined) if kind else recipient.gets_letters
    if is_so == wanted:
        return
    choice, _ = LetterChoice.objects.update_or_create(
        organization=organization,
        address=address.lower(),
        kind=kind,
        defaults={"is_wanted": wanted, "changed_at": now},
    )
    # By number: the trail outlives a person's right to be forgotten.
    audit.record(
        organization=organization,
        actor=actor,
        action="letters.chosen",
        detail={"letter_choice": choice.pk, "kind": kind, "wanted": wanted},
        now=now,
    )


@transaction.atomic
def choose_all(
    organization: Organization,
    *,
    address: str,
    gets_letters: bool,
    kinds: Collection[str],
    actor: Actor,
    now: datetime,
) -> None:
    """Let an address get letters or none, and of the optional ones those of `kinds` alone.

    Without letters, what was chosen of kinds stays as it is. Raises as `choose` does.
    """
    wanted = {"": gets_letters}
    if gets_letters:
        recipient = _known(organization, address)
        wanted |= {
            kind: kind in kinds for kind in OPTIONAL_KINDS if recipient.may_get(kind)
        }
    for kind, is_wanted in wanted.items():
        choose(
            organization,
            address=address,
            kind=kind,
            wanted=is_wanted,
            actor=actor,
            now=now,
        )


def _known(organization: Organization, address: str) -> Recipient:
    for one in recipients_of(organization):
        if one.address.lower() == address.lower():
            return one
    raise NotARecipient


def _recipient(
    address: str,
    member: Membership | None,
    chosen: dict[tuple[str, str], bool],
    *,
    is_billing: bool,
) -> Recipient:
    key = address.lower()
    by_role = member is not None and member.role in TOLD_ROLES
    return Recipient(
        address=address,
        name=member.user.name if member else "",
        role=member.role if member else "",
        user_id=member.user_id if member else None,
        is_billing_address=is_billing,
        gets_letters=is_billing or chosen.get((key, ""), by_role),
        sees_bills=member is None
        or is_billing
        or "billing.view" in capabilities.of_role(member.role),
        declined=frozenset(
            kind for kind in OPTIONAL_KINDS if not chosen.get((key, kind), True)
        ),
    )
