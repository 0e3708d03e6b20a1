"""Staff of every group, where there is something to sell."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from billing import catalogue_loading


@pytest.fixture
def browser_as(staff, client_of) -> Callable[[str], Client]:
    """The browser of a member of staff in that group; the catalogue is loaded."""
    catalogue_loading.load(now=timezone.now())

    def browser(group: str) -> Client:
        staff.groups.set([Group.objects.get(name=group)])
        return client_of(staff)

    return browser
