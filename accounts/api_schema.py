"""How one says who one is, for the OpenAPI document."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension


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
