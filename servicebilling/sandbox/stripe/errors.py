"""Mistakes, in the shape in which Stripe tells them."""

from typing import Any


class ApiError(Exception):
    """A request that is refused; `is_kept` errors are replayed for the same idempotency key.

    Stripe keeps what an operation answered, but not that its parameters made no sense.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        is_kept: bool = True,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.is_kept = is_kept
        self.error: dict[str, Any] = {"type": kind, "message": message}
        if code:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code}"
        if param:
            self.error["param"] = param
        self.error |= more or {}

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error}


def bad_parameter(message: str, param: str, *, code: str = "") -> ApiError:
    """A parameter that cannot be read at all: refused before anything is looked up."""
    return ApiError(message, code=code, param=param, is_kept=False)


def unknown_id(noun: str, id: str, *, param: str, status: int = 404) -> ApiError:
    return ApiError(
        f"No such {noun}: '{id}'", status=status, code="resource_missing", param=param
    )


def card_error(
    message: str, *, code: str, decline_code: str = "", more: dict[str, Any] | None = None
) -> ApiError:
    """A card that the bank refused: 402."""
    facts = {"decline_code": decline_code} if decline_code else {}
    return ApiError(
        message, status=402, kind="card_error", code=code, more=facts | (more or {})
    )
