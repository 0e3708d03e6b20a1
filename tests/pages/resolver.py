"""Every URL of the project, found by walking the resolver: a new page joins by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import IsAuthenticated


@dataclass(frozen=True)
class Endpoint:
    # `namespace:name`; the route where a URL has no name.
    name: str
    route: str
    callback: Callable[..., Any]
    parameters: frozenset[str]

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    @property
    def is_staff_api(self) -> bool:
        return self.route.startswith("api/admin/")

    @property
    def is_staff_site(self) -> bool:
        return self.route.startswith("admin/")

    @property
    def is_open(self) -> bool:
        """Whether it answers without knowing who asks."""
        view_class = getattr(self.callback, "cls", None)
        if view_class is not None:
            return IsAuthenticated not in view_class.permission_classes
        return not getattr(self.callback, "login_required", True)


def endpoints() -> list[Endpoint]:
    return list(_walk(get_resolver(), "", ""))


def _walk(resolver: URLResolver, namespace: str, before: str) -> Iterator[Endpoint]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern).lstrip("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, inner, route)
        elif isinstance(pattern, URLPattern):
            yield Endpoint(
                name=f"{namespace}{pattern.name}" if pattern.name else route,
                route=route,
                callback=pattern.callback,
                parameters=frozenset(pattern.pattern.regex.groupindex)
                | frozenset(pattern.pattern.converters),
            )
