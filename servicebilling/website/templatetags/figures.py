"""Filters that write figures, and the tag that draws an icon."""

import json
from datetime import datetime
from decimal import Decimal

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from servicebilling.lib import hidden_amounts, phone_numbers
from servicebilling.website import formatting

register = template.Library()


@register.filter
def money(value: Decimal, currency: str) -> str:
    return formatting.money(value, currency)


@register.simple_tag
def total(value: Decimal, currency: str) -> SafeString:
    """Write a sum rounded to cents, with the exact amount for programs and on hovering."""
    exact, shown = formatting.money(value, currency), formatting.cents(value, currency)
    if hidden_amounts.are_hidden():
        return format_html("{}", shown)
    if exact == shown:
        return format_html('<data value="{}">{}</data>', value, shown)
    return format_html('<data value="{}" title="{}">{}</data>', value, exact, shown)


@register.filter
def whole(value: int) -> str:
    return formatting.whole(value)


@register.filter
def quantity(value: Decimal) -> str:
    """Return a quantity with as many places as it has."""
    return f"{value.normalize():,f}"


@register.filter
def signed(value: int) -> str:
    """Write a change: +3, −2; nothing as 0."""
    return f"+{formatting.whole(value)}" if value > 0 else formatting.whole(value)


@register.simple_tag
def signed_money(value: Decimal, currency: str) -> SafeString:
    """Write a change of money rounded to cents, the exact amount on hovering."""
    sign = "+" if value > 0 and not hidden_amounts.are_hidden() else ""
    return format_html("{}{}", sign, total(value, currency))


@register.filter
def change_from(now: Decimal | int, before: Decimal | int) -> str:
    """Write how much more or less: `+12 % from`; `before:` where nothing was."""
    change = formatting.change(now, before)
    return f"{change} from" if change else "before:"


@register.filter
def tenths_of_minutes(seconds: int) -> str:
    return formatting.tenths_of_minutes(seconds)


@register.filter
def clock(seconds: int) -> str:
    return formatting.clock(seconds)


@register.filter
def billed(seconds: int) -> str:
    return formatting.billed(seconds)


@register.filter
def words(code: str) -> str:
    """A code as words: `monthly_grant` is a monthly grant."""
    return code.replace("_", " ")


@register.filter
def masked(number: str) -> str:
    return phone_numbers.masked(number)


@register.simple_tag
def moment(value: datetime, pattern: str) -> SafeString:
    """Write a time in the zone in force, with the exact moment for programs."""
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        template.defaultfilters.date(local, pattern),
    )


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon of the sprite; with a label it has a meaning of its own."""
    href = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>',
            label,
            href,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', href
    )


@register.filter
def indented(body: bytes) -> str:
    """Return JSON as people read it."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
