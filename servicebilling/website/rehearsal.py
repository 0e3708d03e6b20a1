"""Whether payments are play money here, so that each page that sells can say so."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

TEST_KEYS = ("sk_test_", "rk_test_")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Payments that move no money: with a stand-in, or in Stripe's own test mode.

    Both take the same cards (Stripe's documentation on testing).
    """

    is_stand_in: bool
    card: str = "4242 4242 4242 4242"
    declined_card: str = "4000 0000 0000 0002"


def of_payments() -> Rehearsal | None:
    """Return how payments are rehearsed; None when they are real, or there are none."""
    if not settings.STRIPE_SECRET_KEY.startswith(TEST_KEYS):
        return None
    return Rehearsal(is_stand_in=bool(settings.STRIPE_API_BASE))


def payments(request: HttpRequest) -> dict[str, Rehearsal | None]:
    """What `components/payments_rehearsed.html` shows, for every template."""
    return {"rehearsal": of_payments()}
