"""What staff fill in about prices: a new value, and since when it holds."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms

from accounts import settings_history
from accounts.errors import AccountsError
from accounts.setting_definitions import DEFINITIONS, Definition, spoken
from adminpanel.settings import values

PRICE_KEYS = ["markup_percent", "base_minute_cost"]


class _SeenForm(forms.Form):
    """Remembers which choice it was filled in beside, so that nobody takes back what a
    colleague has put in force meanwhile without having seen it."""

    seen = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def is_overtaken(self, keys: list[str]) -> bool:
        """Return whether somebody was quicker, and say so in the form."""
        seen = self.cleaned_data["seen"]
        if not seen or seen == settings_history.latest(keys):
            return False
        # Whoever confirms what is shown now has seen it.
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data["seen"] = settings_history.latest(keys)  # type: ignore[index]
        self.add_error(
            None, "A colleague changed this meanwhile. Compare with what holds now."
        )
        return True


class PriceForm(_SeenForm):
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


class SettingForm(_SeenForm):
    """The next value of one setting; empty: the default."""

    valid_from = forms.DateTimeField(
        label="Valid from, UTC",
        required=False,
        help_text="Empty: at once.",
        widget=forms.DateTimeInput({"placeholder": "2026-12-31 00:00"}),
    )

    def __init__(self, *args: Any, key: str, value: Any, now: datetime, **options: Any):
        super().__init__(*args, **options)
        self._key, self._now = key, now
        if key == values.REFUSAL_TEXTS:
            given = {
                f"text_{rule}": _words(rule, value.get(rule, ""))
                for rule in values.reasons()
            }
        else:
            given = {"value": _field(DEFINITIONS[key], value)}
        self.fields = given | self.fields

    def clean_valid_from(self) -> datetime | None:
        starts: datetime | None = self.cleaned_data["valid_from"]
        if starts and starts < self._now:
            raise forms.ValidationError("A setting can only change from now on.")
        return starts

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self._key == values.REFUSAL_TEXTS:
            cleaned["kept"] = self._texts(cleaned)
        elif said := cleaned.get("value", "").strip():
            try:
                cleaned["kept"] = values.read(self._key, said)
            except ValueError as error:
                self.add_error("value", str(error))
        else:
            cleaned["kept"] = None
        return cleaned

    def _texts(self, cleaned: dict[str, Any]) -> dict[str, str]:
        texts = {}
        for rule in values.reasons():
            if words := cleaned.get(f"text_{rule}", "").strip():
                try:
                    texts[rule] = spoken(words)
                except ValueError as error:
                    self.add_error(f"text_{rule}", str(error))
        return texts


def _field(definition: Definition, value: Any) -> forms.Field:
    is_long = isinstance(definition.default, dict)
    return forms.CharField(
        max_length=2000,
        required=False,
        initial=values.written(value),
        widget=forms.Textarea({"rows": 4}) if is_long else forms.TextInput(),
        help_text=f"Empty: the default, {values.written(definition.default) or 'none'}.",
    )


def _words(rule: str, value: str) -> forms.Field:
    label = (
        "All other reasons" if rule == "default" else rule.replace("_", " ").capitalize()
    )
    return forms.CharField(max_length=500, required=False, initial=value, label=label)


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
