"""What can be asked for as a file, by whom."""

from datetime import date, timedelta
from typing import Any

from django import forms

from metering.models import Export
from metering.usage import exports
from servicebilling.website.frames import Frame

DAYS_MAX = 3660
# What a member who sees no bills may have.
OPEN_TO_ALL = {Export.Kind.CALLS.value}
TABLES = [(one.value, one.label) for one in (Export.Format.CSV, Export.Format.XLSX)]


class ExportForm(forms.Form):
    kind = forms.ChoiceField(label="What")
    format = forms.ChoiceField(label="Format", choices=TABLES)
    first_day = forms.DateField(label="From", widget=forms.DateInput({"type": "date"}))
    last_day = forms.DateField(label="To", widget=forms.DateInput({"type": "date"}))

    def __init__(self, data: Any = None, *, frame: Frame, today: date) -> None:
        last_month = today.replace(day=1) - timedelta(days=1)
        initial = {"first_day": last_month.replace(day=1), "last_day": last_month}
        super().__init__(data, initial=initial)
        self.fields["kind"].choices = kinds_for(frame)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last:
            if last < first:
                self.add_error("last_day", "This day lies before the first one.")
            elif (last - first).days > DAYS_MAX or first.year < 2000 or last.year > 2099:
                self.add_error("last_day", "Choose at most ten years.")
            elif cleaned.get("kind") == Export.Kind.STATEMENT and (
                (first.year, first.month) != (last.year, last.month)
            ):
                self.add_error("last_day", "A statement is of one month.")
        return cleaned


def kinds_for(frame: Frame) -> list[tuple[str, str]]:
    """Return what the person may have, as choices."""
    sees_bills = frame.access.can("billing.view")
    return [
        (value, label)
        for value, label in Export.Kind.choices
        if value in exports.OF_METERING and (sees_bills or value in OPEN_TO_ALL)
    ]
