"""Webhooks managed over the running API with objects that exist: every answer is as the
document says. (What no random request finds: ids of real endpoints and messages.)"""

import pytest
import schemathesis
from django.utils import timezone

from metering.outgoing import publishing
from servicebilling.website import api_document
from tests.api.test_every_operation import CHECKS

ENDPOINTS = "/api/webhook-endpoints"
LOG = "/api/webhook-deliveries"


@pytest.fixture
def ask(base_url, key):
    document = schemathesis.openapi.from_dict(api_document.document())

    def ask(path, method, status, **parts):
        case = document[path][method].Case(**parts)
        headers = {"Authorization": f"Bearer {key.key}"}
        reply = case.call(base_url=base_url, headers=headers)
        assert reply.status_code == status, reply.text
        case.validate_response(reply, checks=CHECKS, headers=headers)
        return reply.json() if reply.content else None

    return ask


def test_every_operation_on_webhooks_answers_as_the_document_says(ask, clinic):
    wanted = {"url": "https://hooks.example.com/in", "events": ["minutes.low"]}
    once = {"Idempotency-Key": "endpoint-1"}
    made = ask(ENDPOINTS, "POST", 201, body=wanted, headers=once)
    assert ask(ENDPOINTS, "POST", 201, body=wanted, headers=once) == made
    other = wanted | {"events": ["call.refused"]}
    ask(ENDPOINTS, "POST", 409, body=other, headers=once)
    ask(ENDPOINTS, "POST", 400, body=wanted)
    assert ask(ENDPOINTS, "GET", 200)["endpoints"][0]["id"] == made["id"]

    its_id = {"endpoint_id": made["id"]}
    rolled = ask(f"{ENDPOINTS}/{{endpoint_id}}/rotate", "POST", 200, path_parameters=its_id)
    assert rolled["secret"] != made["secret"]

    for _ in range(3):
        publishing.publish(clinic.pk, "minutes.low", {"percent": 80}, now=timezone.now())
    page = ask(LOG, "GET", 200, query={"limit": 2})
    rest = ask(LOG, "GET", 200, query={"limit": 2, "cursor": page["next"]})
    assert [len(page["deliveries"]), len(rest["deliveries"]), rest["next"]] == [2, 1, None]
    message = {"delivery_id": page["deliveries"][0]["id"]}
    ask(f"{LOG}/{{delivery_id}}/resend", "POST", 204, path_parameters=message)

    ask(f"{ENDPOINTS}/{{endpoint_id}}", "DELETE", 204, path_parameters=its_id)
    ask(f"{ENDPOINTS}/{{endpoint_id}}", "DELETE", 404, path_parameters=its_id)
    ask(f"{LOG}/{{delivery_id}}/resend", "POST", 404, path_parameters=message)
