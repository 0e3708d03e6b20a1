"""Serializers that describe dataclasses, for views that answer with `asdict(report)`: when a
report grows a field, the OpenAPI document has it too."""

import dataclasses
import types
import typing
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from rest_framework import serializers

Field: TypeAlias = serializers.Field[Any, Any, Any, Any]
_FIELDS: dict[Any, type[Field]] = {
    str: serializers.CharField,
    bool: serializers.BooleanField,
    int: serializers.IntegerField,
    datetime: serializers.DateTimeField,
    date: serializers.DateField,
    UUID: serializers.UUIDField,
    dict: serializers.DictField,
}


def serializer_of(report: type, *, name: str = "") -> type[serializers.Serializer[Any]]:
    """Return a serializer with the fields of a dataclass, called by its name.

    Raises TypeError for a field of a type that JSON has no word for here.
    """
    hints = typing.get_type_hints(report)
    fields: dict[str, Any] = {
        field.name: _field(hints[field.name]) for field in dataclasses.fields(report)
    }
    return type(name or report.__name__, (serializers.Serializer,), fields)


def listed(name: str, **items: type) -> type[serializers.Serializer[Any]]:
    """Return a serializer of an object whose fields are lists of dataclasses."""
    fields: dict[str, Any] = {
        key: serializer_of(report)(many=True) for key, report in items.items()
    }
    return type(name, (serializers.Serializer,), fields)


def _field(hint: Any, *, allow_null: bool = False) -> Field:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        [kind] = [one for one in inner if one is not types.NoneType]
        return _field(kind, allow_null=True)
    if origin in (list, tuple):
        return serializers.ListField(child=_field(inner[0]), allow_null=allow_null)
    if origin is dict or hint is dict:
        return serializers.DictField(allow_null=allow_null)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return serializer_of(hint)(allow_null=allow_null)
    if hint is Decimal:
        return serializers.DecimalField(
            max_digits=18, decimal_places=6, coerce_to_string=False, allow_null=allow_null
        )
    if hint not in _FIELDS:
        raise TypeError(f"There is no field for {hint}.")
    return _FIELDS[hint](allow_null=allow_null)
