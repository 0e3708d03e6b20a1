"""The OpenAPI document as a page shows it. Pure: a document in, dataclasses out."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    # Dotted where it lies inside another; `[]` marks lists.
    name: str
    kind: str
    note: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Example:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    status: str
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    examples: tuple[Example, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    operations: tuple[Operation, ...]


def groups_of(document: Json) -> list[Group]:
    """Return the operations by tag, in the order of their paths."""
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = item[method].get("tags", ["other"])[0]
                found.setdefault(tag, []).append(
                    _operation(document, path, method, item[method])
                )
    return [Group(tag.title(), tuple(operations)) for tag, operations in found.items()]


def _operation(document: Json, path: str, method: str, said: Json) -> Operation:
    good = {
        code: reply for code, reply in said["responses"].items() if code.startswith("2")
    }
    contents = [_content(reply) for reply in good.values()]
    asked = _content(said.get("requestBody", {}))
    return Operation(
        anchor=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", "") or f"{method.upper()} {path}",
        description=said.get("description", "").replace("`", ""),
        parameters=tuple(
            Field(
                one["name"],
                _kind(document, one["schema"]),
                _first_line(one.get("description", "")),
                one.get("required", False),
            )
            for one in said.get("parameters", [])
        ),
        body=tuple(_fields(document, asked.get("schema", {}))),
        answer=tuple(
            field
            for content in contents
            for field in _fields(document, content.get("schema", {}))
        ),
        examples=tuple(
            [*_examples("Request", asked)]
            + [one for content in contents for one in _examples("Answer", content)]
        ),
        failures=tuple(
            Failure(code, reply.get("description", ""))
            for code, reply in said["responses"].items()
            if code not in good
        ),
    )


def _content(part: Json) -> Json:
    found: Json = part.get("content", {}).get("application/json", {})
    return found


def _examples(kind: str, content: Json) -> Iterator[Example]:
    for name, example in content.get("examples", {}).items():
        text = json.dumps(example["value"], indent=2, ensure_ascii=False)
        title = "" if name == "Example" else f": {example.get('summary', name)}"
        yield Example(f"{kind}{title}", text)


def _fields(document: Json, schema: Json, before: str = "") -> Iterator[Field]:
    schema = _resolved(document, schema)
    for option in schema.get("oneOf", []):
        yield from _fields(document, option, before)
    if schema.get("type") == "array":
        yield from _fields(document, schema["items"], f"{before}[]")
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        path = f"{before}.{name}" if before else name
        kind = _kind(document, inner)
        note = inner.get("description") or _resolved(document, inner).get("description", "")
        yield Field(path, kind, _first_line(note), name in required)
        yield from _fields(document, inner, path)


def _kind(document: Json, schema: Json) -> str:
    nullable = " or null" if schema.get("nullable") else ""
    found = _resolved(document, schema)
    options = [
        one for one in found.get("oneOf", []) if "enum" not in one or any(one["enum"])
    ]
    if len(options) == 1:
        found = _resolved(document, options[0])
    if "enum" in found:
        return " · ".join(str(one) for one in found["enum"] if one) + nullable
    kind = {"date-time": "date and time", "date": "date", "uuid": "id"}.get(
        found.get("format", ""), found.get("type", "object")
    )
    if kind == "array":
        kind = f"list of {_kind(document, found['items'])}"
    nullable = nullable or (" or null" if found.get("nullable") else "")
    return f"{kind}{nullable}"


def _resolved(document: Json, schema: Json) -> Json:
    wrapped = schema.get("allOf", [])
    if len(wrapped) == 1:
        schema = wrapped[0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        found: Json = document["components"]["schemas"][name]
        return found
    return schema


def _first_line(text: str) -> str:
    # Choices are described by lists of themselves; names are plain enough without their ticks.
    return text.split("\n* ")[0].removeprefix("* ").replace("`", "").strip()
