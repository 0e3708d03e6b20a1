"""A list of hundreds of choices, such as countries or time zones.

Django draws each option through two templates, which takes a hundred milliseconds and more
for such a list; the same markup made at once takes one or two.
"""

from html import escape
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.safestring import SafeString, mark_safe


class LongSelect(forms.Select):
    """Draws what `forms.Select` does: pairs, and groups of pairs."""

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: Any = None,
    ) -> SafeString:
        own = self.build_attrs(self.attrs, attrs) | {"name": name}
        chosen = set(self.format_value(value))
        parts = [f"<select{flatatt(own)}>"]
        for key, shown in self.choices:
            if isinstance(shown, list | tuple):
                options = "".join(_option(one[0], one[1], chosen) for one in shown)
                parts.append(f'<optgroup label="{escape(str(key))}">{options}</optgroup>')
            else:
                parts.append(_option(key, shown, chosen))
        return mark_safe("".join([*parts, "</select>"]))  # noqa: S308  all of it is escaped


def _option(key: Any, shown: Any, chosen: set[str]) -> str:
    selected = " selected" if str(key) in chosen else ""
    return f'<option value="{escape(str(key))}"{selected}>{escape(str(shown))}</option>'
