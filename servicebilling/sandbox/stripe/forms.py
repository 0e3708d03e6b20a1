"""Decode form bodies and query strings the way Stripe nests them: `a[b][0][c]=v`."""

import re
import urllib.parse
from typing import Any

from servicebilling.sandbox.stripe.errors import ApiError

SEGMENT = re.compile(r"\[([^\[\]]*)\]")
# Where `key[]=value` gathers its values until the tree is whole.
APPENDED = "\0"


def decode(raw: str) -> dict[str, Any]:
    """Return nested dicts and lists; every leaf stays a string.

    A hash whose keys count up from 0 becomes a list. Raises ApiError on a key that nests
    both ways.
    """
    root: dict[str, Any] = {}
    for pair in raw.split("&"):
        if pair:
            key, _, value = pair.partition("=")
            _put(root, urllib.parse.unquote_plus(key), urllib.parse.unquote_plus(value))
    settled = _settle(root)
    return settled if isinstance(settled, dict) else {}


def _put(root: dict[str, Any], key: str, value: str) -> None:
    head, bracket, rest = key.partition("[")
    path = [head, *SEGMENT.findall(bracket + rest)]
    if not head or "".join(f"[{segment}]" for segment in path[1:]) != bracket + rest:
        raise _malformed(key)
    node = root
    for segment, following in zip(path[:-1], path[1:], strict=True):
        node = _descend(node, segment, following, key)
    last = path[-1]
    if last == "":
        node.setdefault(APPENDED, []).append(value)
    elif last in node:
        raise _malformed(key)
    else:
        node[last] = value


def _descend(node: dict[str, Any], segment: str, following: str, key: str) -> Any:
    """Return the hash that `segment` opens; `a[][b]` opens a new one when b is taken."""
    if segment != "":
        child = node.setdefault(segment, {})
    else:
        rows = node.setdefault(APPENDED, [])
        if not rows or (isinstance(rows[-1], dict) and following in rows[-1]):
            rows.append({})
        child = rows[-1]
    if not isinstance(child, dict):
        raise _malformed(key)
    return child


def _settle(node: Any) -> Any:
    if isinstance(node, list):
        return [_settle(row) for row in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {APPENDED}:
        return [_settle(row) for row in node[APPENDED]]
    if node and set(node) == {str(number) for number in range(len(node))}:
        return [_settle(node[str(number)]) for number in range(len(node))]
    return {key: _settle(value) for key, value in node.items()}


def _malformed(key: str) -> ApiError:
    return ApiError(
        f"Invalid request: parameters could not be read near {key!r}.",
        code="parameter_invalid",
        param=key,
        is_kept=False,
    )
