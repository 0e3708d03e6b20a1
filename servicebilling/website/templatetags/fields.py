"""How form fields are drawn."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def bare(field: BoundField) -> SafeString:
    """Draw the control without a placeholder: the label above says what belongs in it, and
    still says so once something is typed."""
    return field.as_widget(attrs={"placeholder": False})
