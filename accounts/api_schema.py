"""How one says who one is and what a key must be good for, for the OpenAPI document."""

import inspect
import re
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from accounts import access
from servicebilling.lib.openapi import Operation

# How a view asks who may do what; what it asks for is said nowhere else.
_asks_for = re.compile(r"access\.(?:organization|access)_for\(\s*request,\s*\"([a-z_.]+)\"")


class OperationForKeys(Operation):
    """An operation that says which scopes open it."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        said = super().get_operation(*args, **kwargs)
        method = getattr(self.view, self.method.lower(), None)
        asked = _asks_for.search(inspect.getsource(method)) if method else None
        if said and asked:
            needs = access.what_a_key_needs(asked[1])
            said["description"] = f"{said.get('description', '')} {needs}".strip()
        return said


class KeyOrSessionScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.KeyOrSession"
    name = ["key", "session"]  # type: ignore[assignment]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "description": "A key of an organization, or a service key, which names the"
                " organization in each request.",
            },
            {
                "type": "apiKey",
                "in": "cookie",
                "name": settings.SESSION_COOKIE_NAME,
                "description": "The session of a signed-in person, on pages of this site.",
            },
        ]

    def get_security_requirement(  # type: ignore[override]
        self, auto_schema: Any
    ) -> list[dict[str, list[Any]]]:
        """Either of the two, never both."""
        return [{"key": []}, {"session": []}]
