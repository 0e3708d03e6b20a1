"""What staff may adjust by hand at once, by role."""

from decimal import Decimal

from accounts.staff_access import Staff


def exceeded(staff: Staff, counter: str, change: Decimal | int) -> str:
    """Return in words which limit of their role somebody would exceed; empty for none."""
    is_money = counter == "wallet"
    limit = staff.adjustment_limit(is_money=is_money)
    if limit is None or abs(Decimal(change)) <= limit:
        return ""
    unit = "of the wallet's currency" if is_money else "minutes"
    return f"Your role adjusts at most {limit:,} {unit} at once."
