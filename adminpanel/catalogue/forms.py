"""What staff write into the catalogue: the terms of a plan, and sizes of bundles."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms

from billing import card_terms
from billing.catalogue import CardTerms, PlanTerms, RateTerms
from billing.models import MinuteBundle
from metering.models import Rate, WhenExhausted
from servicebilling.lib import money

VOICE = Rate.Meter.VOICE_MINUTE
OTHER_METERS = [value for value in Rate.Meter.values if value != VOICE]
# Vapi may refuse calls capped at 900 s and more.
CALL_MINUTES_MAX = 14
_TIER = re.compile(r"\s*([0-9]+|\*)\s*:\s*([0-9]+(?:\.[0-9]+)?)\s*", re.ASCII)


def _amount(**options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        max_digits=18, decimal_places=6, min_value=Decimal(0), required=False, **options
    )


def _count(most: int = 10_000_000, least: int = 0, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(min_value=least, max_value=most, **options)


class PlanForm(forms.Form):
    """The terms of a plan. `version` is the one they are written over."""

    name = forms.CharField(max_length=80)
    price_monthly = _amount(help_text="Empty: not sold by the month.")
    price_yearly = _amount(help_text="Empty: not sold by the year.")
    setup_fee = _amount(help_text="Once, with the first subscription.")
    monthly_wallet_grant = _amount(help_text="Put into the wallet with each payment.")
    trial_days = _count(90, required=False)
    trial_minutes = _count(
        required=False, help_text="Of the first month of a trial. 0: as the plan's."
    )
    included_minutes = _count()
    when_exhausted = forms.ChoiceField(
        choices=WhenExhausted.choices, label="Beyond the minutes"
    )
    minute_price = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        label="Price of a minute beyond",
        help_text="One price, or tiers by line: 500: 0.06, 2000: 0.04, *: 0.02.",
    )
    overage_limit_minutes = _count(required=False, label="Overage: at most, minutes")
    postpaid_limit_amount = _amount(label="Postpaid: credit limit")
    grace_minutes = _count(10_000, label="Cut-off: grace minutes")
    first_seconds = _count(3600, 1, label="Billed at least, seconds")
    step_seconds = _count(3600, 1, label="Then by, seconds")
    calls_at_once_max = _count(10_000, 1, label="Calls at once")
    call_minutes_max = _count(CALL_MINUTES_MAX, 1, label="Longest call, minutes")
    slice_minutes = _count(CALL_MINUTES_MAX, 1, label="Least grant, minutes")
    reason = forms.CharField(min_length=3, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, before: PlanTerms, **options: Any) -> None:
        super().__init__(*args, **options)
        self._before = before
        for meter in OTHER_METERS:
            if any(rate.meter == meter and rate.tiers for rate in before.card.rates):
                # Graduated prices of other meters are shipped only, and stay as they are.
                continue
            for part in ("price", "included", "limit"):
                self.fields[f"{meter}_{part}"] = _amount(label=f"{meter}: {part}")

    @property
    def main_fields(self) -> list[forms.BoundField]:
        return [one for one in self.visible_fields() if one.name not in self._of_meters()]

    @property
    def meter_fields(self) -> list[tuple[str, list[forms.BoundField]]]:
        named = [name for name in OTHER_METERS if f"{name}_price" in self.fields]
        return [
            (meter, [self[f"{meter}_{part}"] for part in ("price", "included", "limit")])
            for meter in named
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_kind(cleaned)
        for name in ("price_monthly", "price_yearly", "setup_fee"):
            amount = cleaned.get(name)
            if amount and money.rounded(amount, self._currency(cleaned)) != amount:
                self.add_error(name, "Nobody can pay a part of the smallest coin.")
        if cleaned.get("monthly_wallet_grant") and cleaned.get("price_yearly"):
            self.add_error(
                "price_yearly",
                "A grant comes with each payment, and a year is one payment. Sell a plan with"
                " a grant by the month.",
            )
        least, longest = cleaned.get("slice_minutes"), cleaned.get("call_minutes_max")
        if least and longest and least > longest:
            self.add_error("slice_minutes", "No call may last that long.")
        for meter in OTHER_METERS:
            if cleaned.get(f"{meter}_price") is None and (
                cleaned.get(f"{meter}_included") or cleaned.get(f"{meter}_limit")
            ):
                self.add_error(f"{meter}_price", "A quota needs a price; 0 is one.")
        return cleaned

    def clean_minute_price(self) -> RateTerms | None:
        said: str = self.cleaned_data["minute_price"].strip()
        return minute_rate(said) if said else None

    def terms(self) -> PlanTerms:
        """Return the terms that were written; what the form does not know stays."""
        said = self.cleaned_data
        return replace(
            self._before,
            name=said["name"],
            price_monthly=card_terms.text(said["price_monthly"]),
            price_yearly=card_terms.text(said["price_yearly"]),
            setup_fee=card_terms.text(said["setup_fee"]) or "0",
            monthly_wallet_grant=card_terms.text(said["monthly_wallet_grant"]) or "0",
            trial_days=said["trial_days"] or 0,
            trial_minutes=said["trial_minutes"] or 0,
            card=card_terms.normal(self._card(said)),
        )

    def _currency(self, said: Mapping[str, Any]) -> str:
        return self._before.card.currency

    def _card(self, said: Mapping[str, Any]) -> CardTerms:
        kind = said["when_exhausted"]
        return replace(
            self._before.card,
            when_exhausted=kind,
            included_minutes=said["included_minutes"],
            overage_limit_minutes=said["overage_limit_minutes"],
            postpaid_limit_amount=card_terms.text(said["postpaid_limit_amount"]),
            grace_minutes=said["grace_minutes"],
            increment_seconds=(said["first_seconds"], said["step_seconds"]),
            calls_at_once_max=said["calls_at_once_max"],
            call_minutes_max=said["call_minutes_max"],
            slice_minutes=said["slice_minutes"],
            rates=self._rates(said),
        )

    def _rates(self, said: Mapping[str, Any]) -> tuple[RateTerms, ...]:
        """In the order they stand in, new ones last: a card is the same in that order only."""
        wanted: dict[str, RateTerms] = {}
        if said["minute_price"]:
            wanted[VOICE] = said["minute_price"]
        for meter in OTHER_METERS:
            if said.get(f"{meter}_price") is not None:
                wanted[meter] = RateTerms(
                    meter,
                    card_terms.text(said[f"{meter}_price"]),
                    included_quantity=card_terms.text(said[f"{meter}_included"]),
                    quota_limit=card_terms.text(said[f"{meter}_limit"]),
                )
        kept = {
            rate.meter: rate
            for rate in self._before.card.rates
            if rate.tiers and rate.meter != VOICE
        }
        wanted |= kept
        order = [rate.meter for rate in self._before.card.rates]
        meters = sorted(wanted, key=lambda m: order.index(m) if m in order else len(order))
        return tuple(wanted[meter] for meter in meters)

    def _check_kind(self, said: dict[str, Any]) -> None:
        kind, price = said.get("when_exhausted"), said.get("minute_price")
        if (
            kind != WhenExhausted.CUT_OFF
            and not price
            and "minute_price" not in self.errors
        ):
            self.add_error("minute_price", "Minutes beyond the included ones need a price.")
        if kind == WhenExhausted.OVERAGE:
            if price and price.tiers:
                self.add_error("minute_price", "Overage has one price a minute.")
            if said.get("overage_limit_minutes") is None:
                self.add_error("overage_limit_minutes", "Overage needs a limit.")
            if (said.get("first_seconds"), said.get("step_seconds")) != (60, 60):
                self.add_error("step_seconds", "Overage is billed by the whole minute.")
        if kind == WhenExhausted.POSTPAID and said.get("postpaid_limit_amount") is None:
            self.add_error("postpaid_limit_amount", "Postpaid needs a credit limit.")

    @staticmethod
    def _of_meters() -> set[str]:
        return {f"{m}_{p}" for m in OTHER_METERS for p in ("price", "included", "limit")}


class BundleForm(forms.Form):
    minutes = _count(1_000_000, 1)
    currency = forms.RegexField("^[A-Z]{3}$", max_length=3, initial="USD")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        same = MinuteBundle.objects.filter(**cleaned)
        if "confirm" not in self.data and not self.errors and same.exists():
            self.add_error("minutes", "There is a bundle of this size already.")
        return cleaned


def initial_of(terms: PlanTerms, version: int) -> dict[str, Any]:
    """Return what the form shows of a plan as it is sold."""
    card = terms.card
    voice = next((rate for rate in card.rates if rate.meter == VOICE), None)
    shown: dict[str, Any] = {
        name: getattr(terms, name)
        for name in (
            "name",
            "price_monthly",
            "price_yearly",
            "setup_fee",
            "monthly_wallet_grant",
            "trial_days",
            "trial_minutes",
        )
    }
    shown |= {
        name: getattr(card, name)
        for name in (
            "included_minutes",
            "when_exhausted",
            "overage_limit_minutes",
            "postpaid_limit_amount",
            "grace_minutes",
            "calls_at_once_max",
            "call_minutes_max",
            "slice_minutes",
        )
    }
    shown["first_seconds"], shown["step_seconds"] = card.increment_seconds
    shown["minute_price"] = written(voice) if voice else ""
    for rate in card.rates:
        if rate.meter != VOICE:
            shown[f"{rate.meter}_price"] = rate.unit_price
            shown[f"{rate.meter}_included"] = rate.included_quantity
            shown[f"{rate.meter}_limit"] = rate.quota_limit
    return shown | {"version": version}


def written(rate: RateTerms) -> str:
    """Return a price of minutes as it is written into the form."""
    if not rate.tiers:
        return rate.unit_price or ""
    return "\n".join(
        f"{'*' if tier['up_to'] is None else tier['up_to']}: {tier['unit_price']}"
        for tier in rate.tiers
    )


def minute_rate(said: str) -> RateTerms:
    """Read a price of minutes: one amount, or tiers by line. Raises ValidationError."""
    if re.fullmatch(r"[0-9]+(\.[0-9]{1,6})?", said, re.ASCII):
        return RateTerms(VOICE, unit_price=said)
    lines = [_TIER.fullmatch(line) for line in re.split(r"[\n,]", said) if line.strip()]
    ends = [line[1] for line in lines if line]
    counted = [int(end) for end in ends[:-1] if end != "*"]
    fits = (
        all(lines)
        and 1 < len(lines) == len(counted) + 1
        and ends[-1] == "*"
        and counted == sorted(set(counted))
        and counted[0] > 0
        and all(len(line[2].partition(".")[2]) <= 6 for line in lines if line)
    )
    if not fits:
        raise forms.ValidationError(
            "Write one amount, or tiers that rise and end with the rest: 500: 0.06, *: 0.02."
        )
    tiers = [
        {"up_to": None if line[1] == "*" else int(line[1]), "unit_price": line[2]}
        for line in lines
        if line
    ]
    return RateTerms(VOICE, tiers=tuple(tiers))
