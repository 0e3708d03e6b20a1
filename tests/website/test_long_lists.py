"""Lists of hundreds of choices are drawn as Django draws them, without its time."""

from html.parser import HTMLParser

from django import forms

from servicebilling.website.forms import timezone_choices
from servicebilling.website.long_select import LongSelect


class Tags(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


def _drawn(widget: type[forms.Select], value: object) -> list[object]:
    choices = [("", "None"), ('"<', "A & B's"), (1, "One"), *timezone_choices()]
    drawn = widget(attrs={"class": "long", "disabled": False}, choices=choices)
    return Tags(str(drawn.render("zone", value, {"id": "id_zone", "required": True}))).found


def test_it_says_what_djangos_own_says():
    for value in (None, "", "1", 1, "Europe/Berlin", '"<', "nothing of it"):
        assert _drawn(LongSelect, value) == _drawn(forms.Select, value)
