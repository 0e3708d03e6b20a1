"""How form fields are drawn."""

from django import template
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.forms import BoundField
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
# What the library's forms call their fields, as the rest of the site calls them.
LABELS = {
    "Email": "E-mail address",
    "Remember Me": "Stay signed in when the browser closes",
    "Current Password": "Current password",
    "New Password": "New password",
    "New Password (again)": "New password, again",
}
# What AUTH_PASSWORD_VALIDATORS say in four sentences.
ABOUT_PASSWORDS = (
    "At least 12 characters, not numbers alone. "
    "No common password, nothing like your address."
)


@register.filter
def bare(field: BoundField) -> SafeString:
    """Draw the control without a placeholder: the label above says what belongs in it, and
    still says so once something is typed."""
    return field.as_widget(attrs={"placeholder": False})


@register.filter
def label(field: BoundField) -> str:
    return LABELS.get(str(field.label), str(field.label))


@register.filter
def help(field: BoundField) -> str:  # noqa: A001  the filter's name
    """Return the help of a field; what the library says of a new password, in one line."""
    if field.help_text == password_validators_help_text_html():
        return ABOUT_PASSWORDS
    return mark_safe(field.help_text)  # noqa: S308  of our forms and the library's alone
