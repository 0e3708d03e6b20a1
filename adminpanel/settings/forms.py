"""What staff fill in about prices: a new value, and since when it holds."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms

from accounts import settings_history
from accounts.errors import AccountsError

PRICE_KEYS = ["markup_percent", "base_minute_cost"]


class PriceForm(forms.Form):
    markup_percent = forms.CharField(max_length=20)
    base_minute_cost = forms.CharField(
        max_length=500,
        help_text='By currency: {"USD": "0.20"}. All of them; one that is left out is not sold.',
    )
    valid_from = forms.DateTimeField(
        label="Valid from, UTC",
        required=False,
        help_text="Empty: at once.",
        widget=forms.DateTimeInput({"placeholder": "2026-12-31 00:00"}),
    )

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self._now = now

    def clean_markup_percent(self) -> str:
        kept: str = self._kept("markup_percent", self.cleaned_data["markup_percent"])
        return kept

    def clean_base_minute_cost(self) -> dict[str, str]:
        try:
            said = json.loads(self.cleaned_data["base_minute_cost"])
        except ValueError as error:
            raise forms.ValidationError(
                'Write amounts by currency, such as {"USD": "0.20"}.'
            ) from error
        kept: dict[str, str] = self._kept("base_minute_cost", said)
        return kept

    def clean_valid_from(self) -> datetime | None:
        starts: datetime | None = self.cleaned_data["valid_from"]
        if starts and starts < self._now:
            raise forms.ValidationError("A price can only change from now on.")
        return starts

    @staticmethod
    def _kept(key: str, said: Any) -> Any:
        try:
            return settings_history.clean(key, said, None)
        except AccountsError as error:
            raise forms.ValidationError(error.message) from error


class RateForm(forms.Form):
    base = forms.RegexField("^[A-Z]{3}$", initial="USD", max_length=3)
    quote = forms.RegexField("^[A-Z]{3}$", max_length=3)
    rate = forms.DecimalField(
        max_digits=18, decimal_places=9, min_value=Decimal("0.000000001")
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("base") and cleaned.get("base") == cleaned.get("quote"):
            self.add_error("quote", "A currency needs no rate to itself.")
        return cleaned
