"""What the staff site itself remembers of edits: each names the row as it was called then."""

from collections.abc import Iterable

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from servicebilling.lib.phone_numbers import ERASED


def forget(model: type[Model], ids: Iterable[object]) -> None:
    """Overwrite what these rows were called; that they were edited stays."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model),
        object_id__in=[str(one) for one in ids],
    ).update(object_repr=ERASED)
