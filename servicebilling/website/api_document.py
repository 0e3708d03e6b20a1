"""The OpenAPI document of the API, made once per process from the views themselves."""

from functools import cache
from typing import Any

import accounts.api_schema
import billing.api_schema
import metering.api.schema
import metering.api.schema_of_webhooks
import metering.api.schema_of_writing

# What describes views and keys registers itself when it is imported.
DESCRIPTIONS = (
    accounts.api_schema,
    billing.api_schema,
    metering.api.schema,
    metering.api.schema_of_webhooks,
    metering.api.schema_of_writing,
)


@cache
def document() -> dict[str, Any]:
    """Return the document, version 3.0. Webhooks are not in it: their senders define them."""
    from drf_spectacular.generators import SchemaGenerator

    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found
