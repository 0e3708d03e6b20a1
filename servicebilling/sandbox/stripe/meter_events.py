"""Meter events: usage as it is reported, one identifier once in 24 hours.

A repeated identifier is a 400 without a code, known by its message alone, as callers of the
real API report. A mistake that is not told at once comes in a thin event of the meter.
"""

import re
from datetime import UTC, datetime

from servicebilling.sandbox.stripe import event_destinations, meters, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.parameters import (
    MOMENT,
    Choice,
    Hash,
    Map,
    Text,
)

UNIQUE_SECONDS = 24 * 3600
OLDEST_SECONDS = 35 * 86_400
NEWEST_SECONDS = 5 * 60
DIGITS_MAX = 15
PAYLOAD = Map(Text(100))
CREATE = Hash(
    must=["event_name", "payload"],
    event_name=Text(100),
    identifier=Text(100),
    payload=PAYLOAD,
    timestamp=MOMENT,
)
CREATE_V2 = Hash(
    must=["event_name", "payload"],
    event_name=Text(100),
    identifier=Text(100),
    payload=PAYLOAD,
    timestamp=Text(40),
)
ADJUST = Hash(
    must=["event_name", "type"],
    cancel=Hash(must=["identifier"], identifier=Text(100)),
    event_name=Text(100),
    type=Choice("cancel"),
)


def take(box: Box, given: Row, *, timestamp: int | None) -> Row:
    """Count a meter event, or refuse it, or report its mistake later; return what was kept."""
    identifier = given.get("identifier") or new_id("", 32)
    meter = meters.active_by_name(box, given["event_name"])
    key = meter["customer_mapping"]["event_payload_key"] if meter else ""
    customer = given["payload"].get(key, "")
    now = box.now(customer)
    _refuse_duplicate(box, identifier, now)
    row: Row = {
        "identifier": identifier,
        "event_name": given["event_name"],
        "payload": given["payload"],
        "customer": customer,
        "meter": meter["id"] if meter else None,
        "timestamp": now if timestamp is None else timestamp,
        "at": now,
        "value": 0,
        "is_canceled": False,
    }
    code, message = _mistake(box, row, meter, now)
    if not code:
        row["value"] = _value(given["payload"], meter or {})
    else:
        _refuse_or_report(box, row, code, message)
        row["is_canceled"] = True
    box.identifiers[identifier] = now
    box.meter_events.append(row)
    return row


def _refuse_duplicate(box: Box, identifier: str, now: int) -> None:
    if box.identifiers.get(identifier, 0) > now - UNIQUE_SECONDS:
        raise refused(f"An event already exists with identifier {identifier}.")


def _mistake(box: Box, row: Row, meter: Row | None, now: int) -> tuple[str, str]:
    """Return the code and the words of what is wrong with an event; empty if nothing is."""
    name = row["event_name"]
    if meter is None:
        gone = any(one["event_name"] == name for one in box.every("billing.meter"))
        return (
            "archived_meter" if gone else "no_meter",
            f'No active meter found for event name "{name}".',
        )
    if not row["customer"]:
        return "meter_event_no_customer_defined", "The event names no customer."
    customer = box.find("customer", row["customer"])
    if customer is None or customer.get("deleted"):
        return "meter_event_customer_not_found", f"No such customer: '{row['customer']}'"
    value = row["payload"].get(meter["value_settings"]["event_payload_key"], "")
    if meter["default_aggregation"]["formula"] != "count":
        if not re.fullmatch(r"-?\d+", value, re.ASCII):
            return "meter_event_invalid_value", f"Invalid whole number: {value!r}"
        if len(value.lstrip("-")) > DIGITS_MAX:
            return "meter_event_value_too_many_digits", "The value has too many digits."
    if row["timestamp"] < now - OLDEST_SECONDS:
        return (
            "timestamp_too_far_in_past",
            "The timestamp is more than 35 days in the past.",
        )
    if row["timestamp"] > now + NEWEST_SECONDS:
        return "timestamp_in_future", "The timestamp is more than 5 minutes in the future."
    return "", ""


def _value(payload: Row, meter: Row) -> int:
    if meter["default_aggregation"]["formula"] == "count":
        return 1
    return int(payload[meter["value_settings"]["event_payload_key"]])


def _refuse_or_report(box: Box, row: Row, code: str, message: str) -> None:
    way = box.settings["meter_errors"]
    is_about_time = code.startswith("timestamp")
    is_about_meter = code in ("no_meter", "archived_meter")
    if way == "at_once" or (way == "as_seen" and (is_about_meter or is_about_time)):
        raise refused(message, param="timestamp" if is_about_time else "event_name")
    event_destinations.report_meter_error(box, row, code=code, message=message)


@routing.post("/v1/billing/meter_events", CREATE)
def create(box: Box, params: Row) -> Row:
    row = take(box, params, timestamp=params.get("timestamp"))
    return {
        "object": "billing.meter_event",
        "created": row["at"],
        "event_name": row["event_name"],
        "identifier": row["identifier"],
        "livemode": False,
        "payload": row["payload"],
        "timestamp": row["timestamp"],
    }


@routing.post("/v2/billing/meter_events", CREATE_V2)
def create_v2(box: Box, params: Row) -> Row:
    stamp = params.get("timestamp")
    try:
        moment = datetime.fromisoformat(stamp) if stamp else None
    except ValueError as error:
        raise ApiError(f"Invalid timestamp: {stamp}", is_kept=False) from error
    row = take(box, params, timestamp=int(moment.timestamp()) if moment else None)
    return {
        "object": "v2.billing.meter_event",
        "created": _iso(row["at"]),
        "event_name": row["event_name"],
        "identifier": row["identifier"],
        "livemode": False,
        "payload": row["payload"],
        "timestamp": _iso(row["timestamp"]),
    }


@routing.post("/v1/billing/meter_event_adjustments", ADJUST)
def adjust(box: Box, params: Row) -> Row:
    """Cancel an event within 24 hours of its receipt."""
    identifier = params.get("cancel", {}).get("identifier", "")
    for row in reversed(box.meter_events):
        if row["identifier"] == identifier and row["event_name"] == params["event_name"]:
            if row["at"] <= box.now(row["customer"]) - UNIQUE_SECONDS:
                raise refused("The event was received more than 24 hours ago.")
            row["is_canceled"] = True
            return {
                "object": "billing.meter_event_adjustment",
                "cancel": {"identifier": identifier},
                "event_name": row["event_name"],
                "livemode": False,
                "status": "complete",
                "type": "cancel",
            }
    raise refused(f"No meter event has the identifier {identifier}.")


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
