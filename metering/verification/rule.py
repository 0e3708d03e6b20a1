"""What a rule is, and what it finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """`sql` selects `organization_id, row, expected, found`, one row per thing checked."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that is not as the rest of the books says. `organization` is a slug, empty for
    what belongs to nobody."""

    rule: str
    organization: str
    row: str
    expected: str
    found: str
