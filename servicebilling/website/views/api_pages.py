"""The API's own description: the document for programs, and a page of it for people."""

import json
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from servicebilling.website import api_document, api_reference


@login_not_required
@require_safe
@cache_control(max_age=300, public=True)
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_written(), content_type="application/vnd.oai.openapi+json")


@login_not_required
@require_safe
# Long, and without a secret that compressing could betray.
@gzip_page
def reference(request: HttpRequest) -> HttpResponse:
    return render(request, "website/api_reference.html", {"groups": _groups()})


@cache
def _written() -> str:
    return json.dumps(api_document.document(), ensure_ascii=False, separators=(",", ":"))


@cache
def _groups() -> list[api_reference.Group]:
    return api_reference.groups_of(api_document.document())
