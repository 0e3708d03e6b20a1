"""Who has the money of a dispute is told by what was moved, not by its sum."""

import pytest

from billing.providers.stripe import reversals

DISPUTE = {
    "id": "dp_1",
    "payment_intent": None,
    "charge": "ch_1",
    "amount": 2500,
    "currency": "usd",
    "status": "won",
    "created": 1769860800,
}


class Answers:
    """A gateway that answers with one dispute."""

    def __init__(self, moved: list[int]) -> None:
        self.row = DISPUTE | {"balance_transactions": [{"amount": one} for one in moved]}

    def ask(self, _request) -> dict:
        return self.row


@pytest.mark.parametrize(
    ("moved", "is_away"),
    # Withdrawn in euros at one rate, given back at another.
    [([], False), ([-2300], True), ([-2300, 2300], False), ([-2300, 2281], False)],
)
def test_what_was_given_back_at_another_rate_of_exchange_is_back(moved, is_away) -> None:
    assert reversals.of_dispute(Answers(moved), "dp_1").is_effective == is_away
