from zoneinfo import available_timezones

from django import forms

from accounts.organizations import NAME_LENGTH_MAX

# Names such as `EST5EDT` and `Etc/GMT+3` are for machines.
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe")
_OCEANS = ("Indian", "Pacific")


def timezone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return time zones grouped by region, UTC first."""
    groups: dict[str, list[tuple[str, str]]] = {"": [("UTC", "UTC")]}
    for name in sorted(available_timezones()):
        region, _, place = name.partition("/")
        if place and region in _REGIONS + _OCEANS:
            label = place.replace("_", " ").replace("/", " / ")
            groups.setdefault(region, []).append((name, label))
    return [(region or "Everywhere", names) for region, names in groups.items()]


class OrganizationForm(forms.Form):
    """What an organization needs before anything can be counted for it."""

    name = forms.CharField(
        max_length=NAME_LENGTH_MAX,
        label="Name of your organization",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    timezone = forms.ChoiceField(
        choices=timezone_choices,
        initial="UTC",
        label="Time zone",
        help_text="Days and months are counted in it. It can be changed later.",
        widget=forms.Select(attrs={"data-own-timezone": True}),
    )
    currency = forms.ChoiceField(
        label="Currency",
        help_text="Of every price and invoice. It stays once there is a plan.",
    )

    def __init__(self, *args, currencies: list[str], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["currency"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101
        choice.choices = [(code, code) for code in currencies]
