"""Rules of the apps above, checked with ours. They register themselves when they start: from
here nobody looks up."""

from collections.abc import Sequence

from metering.verification.rule import Rule

_RULES: list[Rule] = []


def add(rules: Sequence[Rule]) -> None:
    """Have further rules checked from now on; the same name again is the same rule."""
    known = {rule.name for rule in _RULES}
    _RULES.extend(rule for rule in rules if rule.name not in known)


def rules() -> tuple[Rule, ...]:
    return tuple(_RULES)
