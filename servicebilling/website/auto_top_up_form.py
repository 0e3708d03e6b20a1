"""When the wallet fills itself, with how much, and how much at most."""

from decimal import Decimal
from typing import Any

from django import forms

from billing.topups.standing_orders import Order


def _amount(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        help_text=help_text,
        max_digits=12,
        decimal_places=2,
        min_value=Decimal(0),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class AutoTopUpForm(forms.Form):
    """Amounts are in the currency of the wallet."""

    threshold = _amount(
        "When less than this is free", "Money held by open calls is not free."
    )
    amount = _amount("Add", "Charged to the card that paid last.")
    max_per_day = _amount("At most in a day", "At least one top-up.")
    max_per_month = _amount("At most in a month", "At least one such day.")
    agreed = forms.BooleanField(
        label="Charge the card without asking me each time, within these limits",
        error_messages={"required": "Without your consent nothing is charged by itself."},
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        steps = [said.get(one) for one in ("amount", "max_per_day", "max_per_month")]
        if steps[0] is not None and steps[1] is not None and steps[1] < steps[0]:
            self.add_error("max_per_day", "A day must allow one top-up at least.")
        if steps[1] is not None and steps[2] is not None and steps[2] < steps[1]:
            self.add_error("max_per_month", "A month must allow one such day at least.")
        return said

    @property
    def order(self) -> Order:
        return Order(**{one: self.cleaned_data[one] for one in Order.__dataclass_fields__})
