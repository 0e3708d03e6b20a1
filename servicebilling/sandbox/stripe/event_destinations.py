"""Thin events, and the destinations that get them.

A thin event names an object and carries no copy of it; what is special to its type must be
fetched. Only the meters' mistakes come this way here: nothing else tells them.
"""

from datetime import UTC, datetime

from servicebilling.sandbox.stripe import deliveries, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.errors import unknown_id
from servicebilling.sandbox.stripe.parameters import (
    Choice,
    Hash,
    Map,
    Rows,
    Text,
    Whole,
)

PATH = "/v2/core/event_destinations"
NO_METER = "v1.billing.meter.no_meter_found"
METER_ERRORS = "v1.billing.meter.error_report_triggered"
PING = "v2.core.event_destination.ping"
INCLUDE = Rows(Choice("webhook_endpoint.signing_secret", "webhook_endpoint.url"))
UPDATE = Hash(
    description=Text(),
    enabled_events=Rows(Text()),
    include=INCLUDE,
    metadata=Map(Text()),
    name=Text(),
    webhook_endpoint=Hash(must=["url"], url=Text()),
)
CREATE = UPDATE.also(
    must=["enabled_events", "event_payload", "name", "type"],
    event_payload=Choice("snapshot", "thin"),
    events_from=Rows(Text()),
    snapshot_api_version=Text(),
    type=Choice("webhook_endpoint"),
)


def report_meter_error(box: Box, row: Row, *, code: str, message: str) -> None:
    """Tell of a meter event that could not be counted."""
    sample = {"error_message": message, "request": {"identifier": row["identifier"]}}
    reason = {
        "error_count": 1,
        "error_types": [{"code": code, "error_count": 1, "sample_errors": [sample]}],
    }
    data = {
        "developer_message_summary": "There is 1 invalid event",
        "reason": reason,
        "validation_end": _iso(row["at"] + 10),
        "validation_start": _iso(row["at"]),
    }
    meter = row["meter"]
    related = meter and {
        "id": meter,
        "type": "billing.meter",
        "url": f"/v1/billing/meters/{meter}",
    }
    emit(box, METER_ERRORS if meter else NO_METER, related=related, data=data)


def emit(box: Box, type: str, *, related: Row | None, data: Row | None = None) -> Row:
    """Write a thin event down and have it sent."""
    event: Row = {
        "id": new_id("evt_test_", 40),
        "object": "v2.core.event",
        "created": _iso(box.now()),
        "livemode": False,
        "type": type,
    }
    if related is not None:
        event["related_object"] = related
    if data is not None:
        event["data"] = data
    box.thin_events[event["id"]] = event
    for destination in box.destinations.values():
        wanted = destination["enabled_events"]
        if destination["status"] == "enabled" and {"*", type} & {*wanted}:
            deliveries.put_on_its_way(box, event["id"], destination["id"], event_type=type)
    return event


def open_destination(
    box: Box, *, url: str, events: list[str], name: str, secret: str = ""
) -> Row:
    """Return a new destination of thin events; its secret is made here unless one is given."""
    now = _iso(box.now())
    destination: Row = {
        "id": new_id("ed_test_", 40),
        "object": "v2.core.event_destination",
        "created": now,
        "description": "",
        "enabled_events": events,
        "event_payload": "thin",
        "events_from": ["self"],
        "livemode": False,
        "metadata": {},
        "name": name,
        "status": "enabled",
        "type": "webhook_endpoint",
        "updated": now,
        "_url": url,
        "_secret": secret or new_id("whsec_", 32),
    }
    box.destinations[destination["id"]] = destination
    return destination


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    if params["event_payload"] != "thin":
        raise refused("For snapshots the sandbox has webhook endpoints.")
    url = params.get("webhook_endpoint", {}).get("url")
    if not url:
        raise refused("Missing required param: webhook_endpoint.", param="webhook_endpoint")
    destination = open_destination(
        box, url=url, events=params["enabled_events"], name=params["name"]
    )
    destination |= {
        key: params[key]
        for key in ("description", "events_from", "metadata")
        if key in params
    }
    return _shown(destination, params.get("include", []))


@routing.get(PATH, Hash(include=INCLUDE, limit=Whole(least=1, most=100)))
def list_destinations(box: Box, params: Row) -> Row:
    rows = list(box.destinations.values())[: params.get("limit", 20)]
    return _page([_shown(row, params.get("include", [])) for row in rows])


@routing.get(PATH + "/{id}", Hash(include=INCLUDE))
def retrieve(box: Box, params: Row, id: str) -> Row:
    return _shown(_named(box, id), params.get("include", []))


@routing.post(PATH + "/{id}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    destination = _named(box, id)
    include = params.pop("include", [])
    if "webhook_endpoint" in params:
        destination["_url"] = params.pop("webhook_endpoint")["url"]
    destination |= params
    destination["updated"] = _iso(box.now())
    return _shown(destination, include)


@routing.delete(PATH + "/{id}")
def delete(box: Box, params: Row, id: str) -> Row:
    del box.destinations[_named(box, id)["id"]]
    return {"id": id, "object": "v2.core.event_destination"}


@routing.post(PATH + "/{id}/disable")
def disable(box: Box, params: Row, id: str) -> Row:
    destination = _named(box, id)
    destination["status"] = "disabled"
    destination["status_details"] = {"disabled": {"reason": "user"}}
    return _shown(destination, [])


@routing.post(PATH + "/{id}/enable")
def enable(box: Box, params: Row, id: str) -> Row:
    destination = _named(box, id)
    destination["status"] = "enabled"
    destination.pop("status_details", None)
    return _shown(destination, [])


@routing.post(PATH + "/{id}/ping")
def ping(box: Box, params: Row, id: str) -> Row:
    _named(box, id)
    related = {"id": id, "type": "v2.core.event_destination", "url": f"{PATH}/{id}"}
    event = emit(box, PING, related=related)
    if not {"*", PING} & {*box.destinations[id]["enabled_events"]}:
        deliveries.put_on_its_way(box, event["id"], id, event_type=PING)
    return event


@routing.get(
    "/v2/core/events",
    Hash(
        created=Hash(gt=Text(), gte=Text(), lt=Text(), lte=Text()),
        limit=Whole(least=1, most=100),
        object_id=Text(),
        types=Rows(Text()),
    ),
)
def list_events(box: Box, params: Row) -> Row:
    bounds = params.get("created", {})
    rows = [
        row
        for row in reversed(box.thin_events.values())
        if row["type"] in params.get("types", [row["type"]])
        and _related_id(row) in (params.get("object_id", _related_id(row)),)
        and row["created"] >= bounds.get("gte", "")
        and row["created"] < bounds.get("lt", "9")
        and row["created"] <= bounds.get("lte", "9")
        and row["created"] > bounds.get("gt", "")
    ]
    return _page(rows[: params.get("limit", 20)])


@routing.get("/v2/core/events/{id}")
def retrieve_event(box: Box, params: Row, id: str) -> Row:
    if id not in box.thin_events:
        raise unknown_id("event", id, param="id")
    return box.thin_events[id]


def _related_id(event: Row) -> str:
    return str((event.get("related_object") or {}).get("id", ""))


def _named(box: Box, id: str) -> Row:
    if id not in box.destinations:
        raise unknown_id("event destination", id, param="id")
    return box.destinations[id]


def _shown(destination: Row, include: list[str]) -> Row:
    endpoint: Row = {}
    if "webhook_endpoint.url" in include:
        endpoint["url"] = destination["_url"]
    if "webhook_endpoint.signing_secret" in include:
        endpoint["signing_secret"] = destination["_secret"]
    shown = {key: value for key, value in destination.items() if not key.startswith("_")}
    return shown | ({"webhook_endpoint": endpoint} if endpoint else {})


def _page(rows: list[Row]) -> Row:
    return {"data": rows, "next_page_url": None, "previous_page_url": None}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
