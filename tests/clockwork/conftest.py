"""The tasks that the clock asks for."""

import pytest
from celery import current_app


@pytest.fixture(scope="session", autouse=True)
def tasks_are_known() -> None:
    """Once, and before any test has its output captured: Celery sets Django up anew for this,
    and from then on the log goes where the output went at that moment, however long that is
    there."""
    current_app.loader.import_default_modules()
