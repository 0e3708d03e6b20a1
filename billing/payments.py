"""Money that came, by the name that its provider gives it: it is counted under that name once."""

from django.db.models import QuerySet

from billing.models import Payment


def named(provider: str, payment_id: str) -> QuerySet[Payment]:
    """Return the payment of that name, if it is counted: one row at most."""
    return Payment.objects.filter(provider=provider, provider_payment_id=payment_id)


def is_counted(provider: str, payment_id: str) -> bool:
    """Whether a payment of that name is counted already."""
    return named(provider, payment_id).exists()
