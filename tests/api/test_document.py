"""The OpenAPI document is whole, valid and shown on a page of its own."""

import json
import re
from uuid import uuid4

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.validation import validate_schema

from servicebilling.website import api_document, api_reference
from tests.factories import accounts
from tests.pages.resolver import endpoints

# Answered by views that are no REST views; their senders define what is sent.
NOT_DESCRIBED = ("api/webhooks/", "api/schema", "api/docs")


@pytest.fixture(scope="module")
def document():
    reset_generator_stats()
    api_document.document.cache_clear()
    return api_document.document()


def operations(document):
    return [
        (path, method, said)
        for path, item in document["paths"].items()
        for method, said in item.items()
        if method in api_reference.METHODS
    ]


def test_making_it_guesses_nothing(document):
    assert not GENERATOR_STATS, "describe the view in its app's api_schema"


def test_it_is_a_valid_document(document):
    validate_schema(json.loads(json.dumps(document)))


def test_every_url_of_the_api_is_in_it(document):
    described = {path.strip("/").split("{")[0] for path in document["paths"]}
    wanted = {
        one.route.split("<")[0]
        for one in endpoints()
        if one.is_api and not one.route.startswith(NOT_DESCRIBED)
    }

    assert wanted == described


@pytest.mark.django_db
def test_every_operation_says_which_scopes_open_it_as_its_refusal_does(
    document, organization, key_client
):
    calls, usage = (
        key_client(accounts.make_key(organization=organization, scopes=[scope]))
        for scope in ("calls:create", "usage:read")
    )
    for path, method, said in operations(document):
        if path.startswith("/api/admin/"):
            continue
        url = re.sub(r"{[a-z]+}", "a", re.sub(r"{[a-z]+_id}", str(uuid4()), path))
        wrong = usage if "`calls:create`" in said["description"] else calls
        refused = wrong.generic(method.upper(), url, "{}", content_type="application/json")
        assert refused.status_code == 403, f"{method} {path}"
        needs = refused.json()["error"]["message"]
        assert needs.startswith("A key needs the scope `")
        assert said["description"].endswith(needs), f"{method} {path}"


def test_every_operation_says_what_it_is_for_and_how_it_fails(document):
    for path, method, said in operations(document):
        assert said.get("summary"), f"{method} {path}"
        assert {"400", "401", "403", "404", "429"} <= set(said["responses"]), path
        names = {one["name"] for one in said.get("parameters", [])}
        # Staff ask about all organizations, or name one in the path or the body.
        assert "organization" in names or path.startswith("/api/admin/"), path


def test_operations_have_names_of_their_own(document):
    names = [said["operationId"] for _, _, said in operations(document)]

    assert len(names) == len(set(names))


def test_examples_are_what_the_schemas_say(document):
    import jsonschema_rs

    checked = 0
    for path, method, said in operations(document):
        for reply in said["responses"].values():
            content = reply.get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                schema = _strict(content["schema"], document)
                assert jsonschema_rs.is_valid(schema, example["value"]), f"{method} {path}"
                checked += 1
    assert checked >= 5


def _strict(schema, document):
    """The schema in the words of JSON Schema: `nullable` becomes a type."""

    def translated(node):
        if isinstance(node, list):
            return [translated(one) for one in node]
        if not isinstance(node, dict):
            return node
        made = {
            key: translated(value)
            for key, value in node.items()
            if key not in ("nullable", "exclusiveMaximum", "exclusiveMinimum")
        }
        return {"anyOf": [made, {"type": "null"}]} if node.get("nullable") else made

    return translated(schema | {"components": document["components"]})


def test_anybody_may_read_it(client: Client):
    reply = client.get("/api/schema")

    assert reply.status_code == 200
    assert reply.json()["openapi"].startswith("3.0")


@pytest.mark.django_db
def test_the_page_shows_every_operation_and_needs_no_other_host(client: Client, document):
    reply = client.get("/api/docs")
    page = reply.content.decode()

    for path, _, said in operations(document):
        assert path in page
        assert f'id="{said["operationId"]}"' in page
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert "<style" not in page
    assert " style=" not in page
    assert "unsafe-inline" not in reply["Content-Security-Policy"]
    assert "duration_seconds" in page
