"""How the OpenAPI document is made: what holds for every operation, said once.

An app describes its views in a module of its own, `document("billing.api.Plans", get=…)`, so
that views stay as short as they are.
"""

from collections.abc import Callable
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view
from rest_framework import serializers

Json = dict[str, Any]
Decorator = Callable[..., Any]

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Your own name for this request. Sent again within a day, it is answered as"
    " the first time and nothing happens twice; 409 where it came with another body. A"
    " refusal is not remembered.",
)

ALWAYS = {
    "400": "Something in the request cannot be read; `fields` says what.",
    "401": "No key and no session, or a key that is not valid.",
    "403": "A scope or a role is missing.",
    "404": "There is no such organization or object, or it belongs to somebody else.",
    "429": "Too many requests; `Retry-After` says how many seconds to wait.",
}
OF_WRITING = {
    "402": "Nothing can pay for it.",
    "409": "It cannot be done as things stand; the message says why.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "503": "Something that is needed does not answer; ask again.",
}


class ErrorDetail(serializers.Serializer[Json]):
    code = serializers.CharField(help_text="For programs; never changes its meaning.")
    message = serializers.CharField(help_text="For people.")
    fields = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Messages by the dotted path of a field.",
    )  # type: ignore[assignment]


class ErrorAnswer(serializers.Serializer[Json]):
    """Every failure of the API."""

    error = ErrorDetail()


class Operation(AutoSchema):
    """An operation with the failures that any of its kind may answer with."""

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> Json:
        bodies: Json = super()._get_response_bodies(direction=direction)
        if direction != "response":
            return bodies
        failures = ALWAYS | ({} if self.method == "GET" else OF_WRITING)
        # A read can fail like this, too: before an organization has balances.
        failures |= {"409": OF_WRITING["409"]}
        for code, description in failures.items():
            body = self._get_response_for_code(ErrorAnswer, code, direction=direction)
            bodies.setdefault(code, body | {"description": description})
        return dict(sorted(bodies.items()))

    def get_operation_id(self) -> str:
        """The method and the path in words: get_usage_calls."""
        words = self.path.removeprefix("/api/").replace("-", "_").replace("/", "_")
        return f"{self.method.lower()}_{words.translate(str.maketrans('', '', '{}'))}"

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/").split("/")[0]]


def document(target: str, **methods: Decorator) -> None:
    """Describe the methods of a view, named by its path: `get=extend_schema(…)`."""

    def view_replacement(self: OpenApiViewExtension) -> type:
        view: Any = self.target_class
        described = type(view.__name__, (view,), {})
        return extend_schema_view(**methods)(described)

    # Making the class registers it.
    type(
        f"Description of {target}",
        (OpenApiViewExtension,),
        {"target_class": target, "view_replacement": view_replacement},
    )


def answers_with(value: Any, name: str = "Example") -> OpenApiExample:
    """Return an example of a successful answer."""
    return OpenApiExample(name, value=value, response_only=True, status_codes=["200"])


def asks_with(value: Any, name: str = "Example") -> OpenApiExample:
    """Return an example of a request's body."""
    return OpenApiExample(name, value=value, request_only=True)
