"""What every list of the staff API takes, and whom it is about."""

from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework import serializers

from accounts.models import Organization
from servicebilling.lib import keyset
from servicebilling.lib.api_errors import NOT_FOUND
from servicebilling.lib.strict_fields import StrictIntegerField

Json = dict[str, Any]
LIMIT_USUAL, LIMIT_MAX = 50, 200


class PageQuery(serializers.Serializer[Json]):
    limit = StrictIntegerField(
        min_value=1, max_value=LIMIT_MAX, default=LIMIT_USUAL, help_text="Rows a page."
    )
    cursor = serializers.CharField(
        max_length=keyset.LENGTH_MAX, required=False, help_text="`next` of the page before."
    )


class OfOrganization(serializers.Serializer[Json]):
    organization = serializers.CharField(
        max_length=80,
        required=False,
        help_text="Slug or id; all of them, if none is named.",
    )


def organization_named(said: str) -> Organization:
    """Return the organization of that slug or id. Raises Http404."""
    try:
        which: Json = {"pk": UUID(said)}
    except ValueError:
        which = {"slug": said}
    found = Organization.objects.filter(**which).first()
    if found is None:
        raise Http404(NOT_FOUND)
    return found
