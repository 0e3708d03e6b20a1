"""Webhook endpoints: where events are sent, and the secrets they are signed with."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.parameters import (
    ID,
    LISTING,
    Clearable,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    merged,
)
from servicebilling.sandbox.stripe.versions import API_VERSION

PATH = "/v1/webhook_endpoints"
# While a secret is rolled, the former one signs, too.
ROLLING_SECONDS = 24 * 3600
UPDATE = Hash(
    description=Clearable(Text()),
    disabled=Flag(),
    enabled_events=Rows(Text(), most=500),
    metadata=Metadata(),
    url=Text(),
)
CREATE = Hash(
    must=["url", "enabled_events"],
    api_version=ID,
    description=Clearable(Text()),
    enabled_events=Rows(Text(), most=500),
    metadata=Metadata(),
    url=Text(),
)


def open_endpoint(box: Box, *, url: str, events: list[str], secret: str = "") -> Row:
    """Return a new endpoint; its secret is made here unless one is given."""
    return box.add(
        "webhook_endpoint",
        {
            "api_version": None,
            "application": None,
            "description": None,
            "enabled_events": events,
            "metadata": {},
            "status": "enabled",
            "url": url,
            "_secrets": [{"secret": secret or new_id("whsec_", 32), "until": None}],
        },
    )


def roll(box: Box, endpoint: Row) -> str:
    """Return a new secret; the former ones sign for another day."""
    until = box.now() + ROLLING_SECONDS
    kept = [
        row | {"until": row["until"] or until}
        for row in endpoint["_secrets"]
        if row["until"] is None or row["until"] > box.now()
    ]
    secret = new_id("whsec_", 32)
    endpoint["_secrets"] = [{"secret": secret, "until": None}, *kept]
    return secret


def secrets_in_force(box: Box, endpoint: Row) -> list[str]:
    return [
        row["secret"]
        for row in endpoint["_secrets"]
        if row["until"] is None or row["until"] > box.now()
    ]


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    """The secret is told here and never again."""
    version = params.get("api_version")
    if version not in (None, API_VERSION):
        raise refused(
            f"The sandbox writes events of {API_VERSION} alone, not of {version}.",
            param="api_version",
        )
    _check_url(params["url"])
    if not params["enabled_events"]:
        raise refused("At least one event type is needed.", param="enabled_events")
    endpoint = open_endpoint(box, url=params["url"], events=params["enabled_events"])
    endpoint["api_version"] = version
    endpoint["description"] = params.get("description")
    endpoint["metadata"] = merged({}, params.get("metadata"))
    return endpoint | {"secret": endpoint["_secrets"][0]["secret"]}


@routing.get(PATH, LISTING)
def list_endpoints(box: Box, params: Row) -> Row:
    return listing.page(box, "webhook_endpoint", params, url=PATH)


@routing.get(PATH + "/{id}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("webhook_endpoint", id)


@routing.post(PATH + "/{id}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    endpoint = box.named_in_path("webhook_endpoint", id)
    if "url" in params:
        _check_url(params["url"])
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.pop("disabled") else "enabled"
    if "metadata" in params:
        endpoint["metadata"] = merged(endpoint["metadata"], params.pop("metadata"))
    endpoint |= params
    return endpoint


@routing.delete(PATH + "/{id}")
def delete(box: Box, params: Row, id: str) -> Row:
    box.drop(box.named_in_path("webhook_endpoint", id))
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


def _check_url(url: str) -> None:
    # A sandbox of a real account refuses these addresses; here they are all there is.
    if not url.startswith(
        ("http://127.0.0.1", "http://localhost", "http://[::1]", "https://")
    ):
        raise refused(
            "Invalid URL: the sandbox delivers to this machine alone.", param="url"
        )
