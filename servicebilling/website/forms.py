from functools import cache

from django import forms

from accounts import api_keys
from accounts.capabilities import SCOPES
from accounts.members import GIVEN_ROLES
from accounts.organizations import NAME_LENGTH_MAX, known_timezones
from servicebilling.website.long_select import LongSelect

# Names such as `EST5EDT` and `Etc/GMT+3` are for machines.
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe")
_OCEANS = ("Indian", "Pacific")


@cache
def timezone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return time zones grouped by region, UTC first."""
    groups: dict[str, list[tuple[str, str]]] = {"": [("UTC", "UTC")]}
    for name in sorted(known_timezones()):
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
        widget=LongSelect(attrs={"data-own-timezone": True}),
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


ROLE_LABELS = {
    "admin": "Admin: everything but handing over and closing",
    "accountant": "Accountant: reads usage, bills and payments",
    "member": "Member: usage and calls",
}
SCOPE_LABELS = {
    "usage:read": "Read usage and calls",
    "usage:write": "Report usage",
    "calls:create": "Place calls",
    "billing:read": "Read plan, bills and payments",
    "billing:write": "Buy and subscribe",
    "admin": "Everything a key can do",
}
KEY_LIFETIMES = [
    ("90", "90 days from now"),
    ("365", "A year from now"),
    ("never", "It is revoked"),
]


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    role = forms.ChoiceField(
        label="Role",
        initial="member",
        choices=[(role, ROLE_LABELS[role]) for role in GIVEN_ROLES],
    )


class ApiKeyForm(forms.Form):
    """What a key is called and may do."""

    name = forms.CharField(
        label="Name",
        max_length=api_keys.NAME_LENGTH_MAX,
        help_text="What uses it, such as “Reporting”.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(scope, SCOPE_LABELS[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what it may do."},
    )
    days = forms.ChoiceField(label="It works until", choices=KEY_LIFETIMES, initial="365")


class DetailsForm(forms.Form):
    """What an organization is called and where its bills go."""

    name = forms.CharField(
        max_length=NAME_LENGTH_MAX,
        label="Name",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    billing_email = forms.EmailField(
        label="Bills and warnings go to",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    timezone = forms.ChoiceField(
        choices=timezone_choices,
        label="Time zone",
        help_text="Days and months are counted in it from now on.",
        widget=LongSelect,
    )


class CloseForm(forms.Form):
    """Closing is for good, so the name is typed."""

    typed = forms.CharField(
        label="Type the organization's name", max_length=NAME_LENGTH_MAX
    )

    def __init__(self, *args, name: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed = " ".join(self.cleaned_data["typed"].split())
        if typed != self.name:
            raise forms.ValidationError(f"This is not {self.name}.")
        return typed
