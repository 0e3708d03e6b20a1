"""What is answered when a view broke."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from servicebilling.lib import bulkhead


def server_error(request: HttpRequest) -> HttpResponse:
    """A defect of ours is 500; a database that does not answer is 503: come again."""
    # Django calls this while it handles the exception.
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return bulkhead.turn_away(request)
    return defaults.server_error(request)
