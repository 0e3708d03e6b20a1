"""The trail: who did what, to which organization, when. Rows are added and never changed."""

from datetime import datetime
from typing import Any

from accounts.models import ApiKey, AuditEntry, Organization, User

# A person, a key, or the name of what acted by itself ("command create_api_key", "beat").
Actor = User | ApiKey | str


def record(
    *,
    organization: Organization | None,
    actor: Actor,
    action: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Add one row, in the caller's transaction: the deed and its trace stand or fall together.

    `action` is `subject.deed`, such as `member.removed`. Neither `detail` nor the label of a
    person holds personal data: the trail outlives a person's right to be forgotten.
    """
    return AuditEntry.objects.create(
        organization=organization,
        actor=actor if isinstance(actor, User) else None,
        actor_label=_label(actor),
        action=action,
        detail=detail or {},
        created_at=now,
    )


def _label(actor: Actor) -> str:
    if isinstance(actor, User):
        return f"person {actor.pk}"
    if isinstance(actor, ApiKey):
        return f"key {actor.prefix}"
    return actor
