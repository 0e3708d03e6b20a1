"""What staff fill in about money."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from servicebilling.lib import money
from servicebilling.lib.ids import new_id


class ReasonForm(forms.Form):
    """Every decision about money says why; the hidden id makes it happen once."""

    reason = forms.CharField(min_length=3, max_length=300)
    attempt = forms.UUIDField(widget=forms.HiddenInput, initial=new_id)

    @property
    def named(self) -> UUID:
        found: UUID = self.cleaned_data["attempt"]
        return found

    @property
    def why(self) -> str:
        return str(self.cleaned_data["reason"])


class RefundForm(ReasonForm):
    amount = forms.DecimalField(max_digits=18, decimal_places=6)
    field_order = ["amount", "reason"]

    def __init__(self, *args: Any, left: Decimal, currency: str) -> None:
        super().__init__(*args)
        self._left, self._currency = left, currency
        field = self.fields["amount"]
        field.label = f"Amount, {currency}"
        field.initial = f"{left.normalize():f}"

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError("A refund is of more than nothing.")
        if amount > self._left:
            left = money.shown(self._left, self._currency)
            raise forms.ValidationError(f"Only {left} is left of this payment.")
        if amount != money.rounded(amount, self._currency):
            raise forms.ValidationError(f"{self._currency} has no such fraction.")
        return amount


class OverageForm(ReasonForm):
    act = forms.ChoiceField(label="Decision")
    field_order = ["act", "reason"]

    def __init__(self, *args: Any, acts: list[tuple[str, str]]) -> None:
        super().__init__(*args)
        self.fields["act"].choices = acts  # type: ignore[attr-defined]


class DifferenceForm(ReasonForm):
    """Accept a difference, with an entry in the books where minutes or money are missing."""

    counter = forms.ChoiceField(
        label="Adjust",
        required=False,
        choices=[
            ("", "Nothing: the books are right"),
            ("credit_minutes", "Credit minutes"),
            ("wallet", "Wallet"),
        ],
    )
    change = forms.DecimalField(
        label="By", required=False, max_digits=18, decimal_places=6, help_text="Signed."
    )
    field_order = ["counter", "change", "reason"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        counter, change = cleaned.get("counter"), cleaned.get("change")
        if counter and not change:
            self.add_error("change", "By how much?")
        if change and not counter:
            self.add_error("counter", "Which balance?")
        if change and counter == "credit_minutes" and change != int(change):
            self.add_error("change", "Minutes are whole.")
        return cleaned

    @property
    def signed(self) -> Decimal | int:
        change: Decimal = self.cleaned_data["change"]
        return change if self.cleaned_data["counter"] == "wallet" else int(change)
