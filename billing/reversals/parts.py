"""How much of what a payment gave goes back with a part of the money. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from servicebilling.lib import money


@dataclass(frozen=True, slots=True)
class Given:
    """What a payment gave: minutes, and money in the wallet."""

    minutes: int = 0
    wallet: Decimal = Decimal(0)


def part(given: Given, *, gone: Decimal, paid: Decimal, currency: str) -> Given:
    """Return what belongs to the part of a payment that is gone.

    Minutes are rounded down, money half up; all of the money is all of it. More than was
    paid cannot be gone.
    """
    if paid <= 0 or gone <= 0:
        return Given()
    if gone >= paid:
        return given
    return Given(
        minutes=int(given.minutes * gone / paid),
        wallet=money.rounded(given.wallet * gone / paid, currency),
    )


def shares(
    given: Given, amounts: Sequence[Decimal], *, paid: Decimal, currency: str
) -> list[Given]:
    """Return what each of several reversals takes, one after another. Together they take
    exactly the part of their sum, so how a refund is cut up changes nothing."""
    taken: list[Given] = []
    gone, before = Decimal(0), Given()
    for amount in amounts:
        gone += amount
        so_far = part(given, gone=gone, paid=paid, currency=currency)
        taken.append(Given(so_far.minutes - before.minutes, so_far.wallet - before.wallet))
        before = so_far
    return taken
