"""What staff write for a plan that does not exist yet."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms

from adminpanel.catalogue.forms import PlanForm, initial_of
from billing import plans
from billing.catalogue import CardTerms, PlanTerms
from billing.models import Plan
from metering.models import WhenExhausted

# Cards are called by their plan's code, and those without a plan by `none`.
_TAKEN = re.compile(rf"{plans.WITHOUT_PLAN}(-.*)?")
BLANK = PlanTerms("", "", CardTerms(WhenExhausted.CUT_OFF, "USD", included_minutes=100))


class NewPlanForm(PlanForm):
    """The terms of a plan and what it is called; `before` is what it begins from."""

    code = forms.RegexField(
        "^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        max_length=50,
        help_text="For ever. Small letters, digits and hyphens: starter-plus.",
        error_messages={"invalid": "Small letters, digits and single hyphens."},
    )
    currency = forms.RegexField(
        "^[A-Z]{3}$", max_length=3, help_text="ISO code. Balances are kept in it."
    )
    field_order = ["code", "name", "currency"]

    def __init__(self, *args: Any, before: PlanTerms, **options: Any) -> None:
        options.setdefault("initial", blank_of(before))
        super().__init__(*args, before=before, **options)
        del self.fields["version"]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if _TAKEN.fullmatch(code):
            raise forms.ValidationError("This is what holds without a plan.")
        # The second click twice finds its own plan, which `create` knows.
        if "confirm" not in self.data and Plan.objects.filter(code=code).exists():
            raise forms.ValidationError("There is a plan with this code.")
        return code

    def terms(self) -> PlanTerms:
        return replace(super().terms(), code=self.cleaned_data["code"], is_public=False)

    def _currency(self, said: Mapping[str, Any]) -> str:
        return said.get("currency") or self._before.card.currency

    def _card(self, said: Mapping[str, Any]) -> CardTerms:
        return replace(super()._card(said), currency=said["currency"])


def blank_of(before: PlanTerms) -> dict[str, Any]:
    """Return what the form shows at first: the terms it begins from, and no name."""
    shown = initial_of(before, 1) | {"currency": before.card.currency}
    return shown | {"name": "", "reason": ""}
