"""What an operation takes: types that read a decoded form, as strictly as Stripe does.

An unknown parameter is refused by name. That goes for those of Stripe's that this stand-in
does not do, too: better refused here than silently without effect.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from servicebilling.sandbox.stripe.errors import ApiError, bad_parameter

METADATA_KEYS_MAX = 50
METADATA_KEY_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500


class Kind(Protocol):
    def read(self, value: Any, where: str) -> Any:
        """Return the value; raise ApiError naming `where`."""


@dataclass(frozen=True)
class Text:
    length_max: int = 5000

    def read(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise bad_parameter("Invalid string", where, code="parameter_invalid_string")
        if value == "":
            raise _empty(where)
        if len(value) > self.length_max:
            raise bad_parameter(
                f"Invalid string: {value[:10]}…{value[-6:]}; must be at most"
                f" {self.length_max} characters",
                where,
            )
        return value


@dataclass(frozen=True)
class Whole:
    least: int | None = None
    most: int | None = None

    def read(self, value: Any, where: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,15}", value, re.ASCII):
            raise bad_parameter(
                f"Invalid integer: {value}", where, code="parameter_invalid_integer"
            )
        number = int(value)
        if self.least is not None and number < self.least:
            raise bad_parameter(
                f"This value must be greater than or equal to {self.least}.",
                where,
                code="parameter_invalid_integer",
            )
        if self.most is not None and number > self.most:
            raise bad_parameter(
                f"This value must be less than or equal to {self.most}.",
                where,
                code="parameter_invalid_integer",
            )
        return number


@dataclass(frozen=True)
class Number:
    """A decimal, kept as its text: amounts below a cent, percentages."""

    def read(self, value: Any, where: str) -> str:
        if not isinstance(value, str) or not re.fullmatch(
            r"-?\d{1,15}(\.\d{1,12})?", value, re.ASCII
        ):
            raise bad_parameter(f"Invalid decimal: {value}", where)
        return str(Decimal(value).normalize() + 0) if "." in value else str(int(value))


@dataclass(frozen=True)
class Flag:
    def read(self, value: Any, where: str) -> bool:
        if value not in ("true", "false"):
            raise bad_parameter(f"Invalid boolean: {value}", where)
        return bool(value == "true")


class Choice:
    def __init__(self, *words: str) -> None:
        self.words = words

    def read(self, value: Any, where: str) -> str:
        if value not in self.words:
            *first, last = self.words
            names = f"{', '.join(first)}, or {last}" if first else last
            raise bad_parameter(f"Invalid {where}: must be one of {names}", where)
        return str(value)


@dataclass(frozen=True)
class Clearable:
    """Also takes the empty string, which unsets: read as None."""

    kind: Kind

    def read(self, value: Any, where: str) -> Any:
        return None if value == "" else self.kind.read(value, where)


class Either:
    """The first kind that can read the value."""

    def __init__(self, *kinds: Kind) -> None:
        self.kinds = kinds

    def read(self, value: Any, where: str) -> Any:
        for kind in self.kinds[:-1]:
            try:
                return kind.read(value, where)
            except ApiError:
                continue
        return self.kinds[-1].read(value, where)


@dataclass(frozen=True)
class Rows:
    kind: Kind
    most: int = 100

    def read(self, value: Any, where: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, list):
            raise bad_parameter("Invalid array", where)
        if len(value) > self.most:
            raise bad_parameter(f"Array {where} exceeded maximum {self.most} items.", where)
        return [
            self.kind.read(row, f"{where}[{number}]") for number, row in enumerate(value)
        ]


@dataclass(frozen=True)
class Metadata:
    """Words of the caller's own; an empty value unsets that key (read as "")."""

    def read(self, value: Any, where: str) -> dict[str, str] | None:
        if value == "":
            return None
        if isinstance(value, list):
            # Keys such as 0, 1, 2 look like a list on the wire.
            value = {str(number): row for number, row in enumerate(value)}
        if not isinstance(value, dict):
            raise bad_parameter("Invalid hash", where)
        if len(value) > METADATA_KEYS_MAX:
            raise bad_parameter("Metadata can have at most 50 keys.", where)
        for key, word in value.items():
            if not isinstance(word, str):
                raise bad_parameter("Metadata values must be strings.", f"{where}[{key}]")
            if len(key) > METADATA_KEY_LENGTH_MAX or len(word) > METADATA_VALUE_LENGTH_MAX:
                raise bad_parameter(
                    "Metadata keys can have up to 40 characters, values up to 500.",
                    f"{where}[{key}]",
                )
        return dict(value)


class Hash:
    """Named parameters; `must` lists those that may not be missing."""

    def __init__(self, *, must: Sequence[str] = (), **fields: Kind) -> None:
        self.must = must
        self.fields = fields

    def read(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_parameter("Invalid hash", where)
        for key in value:
            if key not in self.fields:
                name = f"{where}[{key}]" if where else key
                raise bad_parameter(
                    f"Received unknown parameter: {name}", name, code="parameter_unknown"
                )
        for key in self.must:
            if key not in value:
                name = f"{where}[{key}]" if where else key
                raise bad_parameter(
                    f"Missing required param: {name}.", name, code="parameter_missing"
                )
        return {
            key: self.fields[key].read(row, f"{where}[{key}]" if where else key)
            for key, row in value.items()
        }

    def also(self, *, must: Sequence[str] = (), **fields: Kind) -> "Hash":
        """Return this with more parameters."""
        return Hash(must=[*self.must, *must], **(self.fields | fields))


class Map:
    """Keys of the caller's own, values of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad_parameter("Invalid hash", where)
        return {key: self.kind.read(row, f"{where}[{key}]") for key, row in value.items()}


class Anything:
    """Taken and not looked at."""

    def read(self, value: Any, where: str) -> Any:
        return value


def _empty(where: str) -> ApiError:
    return bad_parameter(
        f"You passed an empty string for '{where}'. We assume empty values are an attempt to"
        f" unset a parameter; however '{where}' cannot be unset. You should remove '{where}'"
        " from your request or supply a non-empty value.",
        where,
        code="parameter_invalid_empty",
    )


ID = Text(length_max=255)
MOMENT = Whole(least=0)
CURRENCY = Text(length_max=3)
EXPAND = Rows(Text(), most=20)
BETWEEN = Either(Hash(gt=MOMENT, gte=MOMENT, lt=MOMENT, lte=MOMENT), MOMENT)
ADDRESS = Hash(
    city=Clearable(Text()),
    country=Clearable(Text()),
    line1=Clearable(Text()),
    line2=Clearable(Text()),
    postal_code=Clearable(Text()),
    state=Clearable(Text()),
)
LISTING = Hash(
    limit=Whole(least=1, most=100), starting_after=ID, ending_before=ID, expand=EXPAND
)
ONLY_EXPAND = Hash(expand=EXPAND)


def merged(old: dict[str, str] | None, new: dict[str, str] | None) -> dict[str, str]:
    """Return metadata after an update: None empties it, an empty value drops its key."""
    if new is None:
        return {}
    return {key: word for key, word in {**(old or {}), **new}.items() if word != ""}
