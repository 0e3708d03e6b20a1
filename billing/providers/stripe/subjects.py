"""Which objects a stored event is about. Pure: the event's body is only a hint of where to
look, and its shape is that of the endpoint's API version, which may be another than ours."""

from collections.abc import Mapping
from typing import Any


def object_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object in an event's body, {} if it has none."""
    data = body.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def subscription_of_event(event_type: str, body: Mapping[str, Any]) -> str:
    """Return the id of the subscription that an event is about, "" if there is none."""
    found = object_of(body)
    if event_type.startswith("customer.subscription."):
        return text_id(found.get("id"))
    if event_type.startswith("subscription_schedule."):
        return subscription_of_schedule(found)
    if event_type.startswith("invoice."):
        return subscription_of_invoice(found)
    if event_type.startswith("checkout.session."):
        return text_id(found.get("subscription"))
    return ""


def subscription_of_schedule(schedule: Mapping[str, Any]) -> str:
    """Return the id of the subscription that a schedule manages, or managed last."""
    running = text_id(schedule.get("subscription"))
    return running or text_id(schedule.get("released_subscription"))


def subscription_of_invoice(invoice: Mapping[str, Any]) -> str:
    """Return the id of an invoice's subscription; before 2025-03-31 it stood at the top."""
    parent = invoice.get("parent")
    details = parent.get("subscription_details") if isinstance(parent, Mapping) else None
    if isinstance(details, Mapping):
        return text_id(details.get("subscription"))
    return text_id(invoice.get("subscription"))


def text_id(value: object) -> str:
    """Return an id, whether it stands alone or the object is expanded in its place."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) else ""
