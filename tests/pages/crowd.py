"""Everybody who may ask for a URL, and what each was told."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.conftest import browser_of, program_with
from tests.factories import accounts as make
from tests.pages.resolver import Endpoint
from tests.pages.samples import SAMPLES, Cast, Kwargs, Sample

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Told(NamedTuple):
    """Of an answer, what says who gets in."""

    status_code: int
    url: str
    authenticate: str


@dataclass
class Crowd:
    """Everybody who may ask, each with cookies or a key of their own."""

    clients: dict[str, Client]
    # What was told already, by all that was asked.
    told: dict[tuple, Told] = field(default_factory=dict)

    def hear(
        self,
        role: str,
        endpoint: Endpoint,
        method: str,
        *,
        shape: str,
        kwargs: Kwargs,
        organization: str,
    ) -> Told:
        """Ask, unless the very same was asked before: as nothing is left behind, the answer
        would be the same. `shape` names the kwargs: each test makes its objects anew."""
        asked = (role, endpoint.name, method, shape, organization)
        if asked not in self.told:
            reply = self.ask(
                role, endpoint, method, kwargs=kwargs, organization=organization
            )
            self.told[asked] = Told(
                reply.status_code,
                getattr(reply, "url", ""),
                reply.headers.get("WWW-Authenticate", ""),
            )
        return self.told[asked]

    def ask(
        self,
        role: str,
        endpoint: Endpoint,
        method: str,
        *,
        kwargs: Kwargs,
        organization: str,
    ) -> HttpResponse:
        """Ask once and leave nothing behind: neither rows, nor cookies, nor counted tries."""
        client = self.clients[role]
        cookies = deepcopy(client.cookies)
        cache.clear()
        url = url_of(endpoint, kwargs)
        if organization:
            url += f"?organization={organization}"
        kind = (
            "application/json" if endpoint.is_api else "application/x-www-form-urlencoded"
        )
        body = b"{}" if endpoint.is_api else b""
        undo = transaction.savepoint()
        try:
            return client.generic(method, url, body, content_type=kind)
        finally:
            transaction.savepoint_rollback(undo)
            client.cookies = cookies

    def methods(self, endpoint: Endpoint, cast: Cast) -> list[str]:
        """Those that the URL knows at all, as its own organization's owner sees it.

        What nobody may send need not be sent by everybody, to every place."""
        (shape, kwargs), *_ = reversed(list(shapes_of(endpoint, cast)))
        place = cast.organization.slug
        return [
            method
            for method in METHODS
            if self.hear(
                "owner", endpoint, method, shape=shape, kwargs=kwargs, organization=place
            ).status_code
            != 405
        ]


def clients_of(cast: Cast) -> dict[str, Client]:
    keys = {
        "organization key": cast.organization,
        "service key": None,
        "stranger's key": cast.other_organization,
    }
    return {
        "anonymous": Client(),
        **{name: browser_of(person) for name, person in cast.people.items()},
        **{
            name: program_with(make.make_key(organization=one, scopes=["admin"]))
            for name, one in keys.items()
        },
    }


def shapes_of(endpoint: Endpoint, cast: Cast) -> Iterator[tuple[str, Kwargs]]:
    """The kwargs to ask with: none, or an object of one's own, a foreign and a missing one."""
    if not endpoint.parameters:
        yield "plain", {}
        return
    sample = SAMPLES.get(endpoint.name, Sample(missing={}))
    yield "missing", sample.missing
    if sample.own:
        yield "own", sample.own(cast)
    if sample.foreign:
        yield "foreign", sample.foreign(cast)


def url_of(endpoint: Endpoint, kwargs: Kwargs) -> str:
    if endpoint.name != endpoint.route:
        return reverse(endpoint.name, kwargs=kwargs)
    varying = r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)"
    return "/" + re.sub(
        varying, lambda part: str(kwargs[part[1] or part[2]]), endpoint.route
    )
