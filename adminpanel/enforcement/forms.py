from django import forms

from metering.models import Allowance


class SwitchForm(forms.Form):
    """What shall hold from the next call on, and why."""

    enforcement = forms.ChoiceField(choices=Allowance.Enforcement.choices)
    reason = forms.CharField(min_length=3, max_length=300)
