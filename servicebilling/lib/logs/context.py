"""The ids of what this thread works on; every line of its log carries them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})
_bound: ContextVar[Mapping[str, str]] = ContextVar("servicebilling_log", default=_NOTHING)


def current() -> Mapping[str, str]:
    """Return the ids bound now, such as `request_id`, `organization_id`, `call_id`."""
    return _bound.get()


@contextmanager
def fresh(**ids: object) -> Iterator[None]:
    """Give every line of the block these ids, and those bound in it by `bind`; no others."""
    token = _bound.set(_told(ids))
    try:
        yield
    finally:
        _bound.reset(token)


@contextmanager
def also(**ids: object) -> Iterator[None]:
    """Give every line of the block these ids beside those bound now. What is bound in it
    ends with it, so of many things done one after another each has its own."""
    with fresh(**{**_bound.get(), **ids}):
        yield


def bind(**ids: object) -> None:
    """Add ids to every line until the surrounding `fresh` or `also` ends."""
    _bound.set({**_bound.get(), **_told(ids)})


def begin(**ids: object) -> None:
    """Forget everything bound in this thread or process, and begin with these ids."""
    _bound.set(_told(ids))


def _told(ids: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in ids.items() if value}
