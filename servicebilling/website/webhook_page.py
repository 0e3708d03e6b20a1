"""Webhooks of an organization on one page: the form, its endpoints, and the log."""

from dataclasses import dataclass

from django import forms

from accounts.models import Organization
from metering.models import EventKind
from metering.outgoing import endpoints, sending
from metering.outgoing.endpoints import Delivery, Endpoint
from servicebilling.lib.keyset import InvalidCursor
from servicebilling.website.frames import url_of
from servicebilling.website.templatetags.wording import webhook_words

LINES = 25


class EndpointForm(forms.Form):
    url = forms.CharField(
        label="Address",
        max_length=sending.URL_LENGTH_MAX,
        help_text="Begins with https, and can be reached from the internet.",
        widget=forms.URLInput(attrs={"autocomplete": "off", "inputmode": "url"}),
    )
    events = forms.MultipleChoiceField(
        label="What it hears of",
        choices=[(kind.value, webhook_words(kind.value)) for kind in EventKind],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what it hears of."},
    )


@dataclass(frozen=True, slots=True)
class WebhookPage:
    endpoints: list[Endpoint]
    log: list[Delivery]
    next_url: str
    newest_url: str


def of(organization: Organization, *, cursor: str) -> WebhookPage:
    """Return what the page shows; a cursor that we did not write is passed over."""
    newest = url_of("website:webhooks", organization)
    try:
        log = endpoints.log_page(organization, limit=LINES, cursor=cursor)
    except InvalidCursor:
        cursor = ""
        log = endpoints.log_page(organization, limit=LINES)
    return WebhookPage(
        endpoints=endpoints.endpoints_of(organization),
        log=log.lines,
        next_url=f"{newest}&cursor={log.next}#log" if log.next else "",
        newest_url=newest if cursor else "",
    )
