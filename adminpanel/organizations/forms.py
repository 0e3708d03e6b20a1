"""What staff fill in about an organization's balances."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from servicebilling.lib.ids import new_id

COUNTERS = [
    ("credit_minutes", "Credit minutes"),
    ("minutes_used", "Minutes used in this cycle"),
    ("wallet", "Wallet"),
]


class AdjustForm(forms.Form):
    """A signed change, or the value that a counter shall have."""

    counter = forms.ChoiceField(choices=COUNTERS)
    way = forms.ChoiceField(
        choices=[("change", "Change by"), ("target", "Set to")], initial="change"
    )
    value = forms.DecimalField(max_digits=18, decimal_places=6)
    reason = forms.CharField(min_length=3, max_length=300)
    adjustment_id = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        value, counter = cleaned.get("value"), cleaned.get("counter")
        if value is not None and counter != "wallet" and value != int(value):
            self.add_error("value", "Minutes are whole.")
        return cleaned

    def change_from(self, current: Decimal | int) -> Decimal | int:
        """Return the signed change that was asked for, of a counter that stands there."""
        value: Decimal = self.cleaned_data["value"]
        change = value if self.cleaned_data["way"] == "change" else value - current
        return change if self.cleaned_data["counter"] == "wallet" else int(change)

    @property
    def adjustment(self) -> UUID:
        found: UUID = self.cleaned_data["adjustment_id"]
        return found


class ReverseForm(forms.Form):
    reference = forms.CharField(max_length=300)
    reason = forms.CharField(min_length=3, max_length=300)
