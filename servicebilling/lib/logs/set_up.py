"""What is logged, and how: the value of Django's setting LOGGING."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from servicebilling.lib.logs import lines

LOGGERS = {
    # Writes a line with the whole URL for each request; the next two, what `request_done`
    # says without the path.
    "httpx": {"level": "WARNING"},
    # Tells of each request and each retry; what came of it is told by whoever asked.
    "stripe": {"level": "WARNING"},
    "django.request": {"level": "ERROR"},
    "django.server": {"handlers": [], "level": "CRITICAL"},
    # Django's own handlers would write every line twice, and mail it to nobody.
    "django": {"handlers": []},
    # Warns of each HEAD request: Django leaves it to the server to drop the body.
    "gunicorn.http.wsgi": {"level": "ERROR"},
    # That a task was received says nothing that its end does not.
    "celery.worker.strategy": {"level": "WARNING"},
}


def logging_as(log_format: str, *, level: str, secrets: Sequence[str]) -> dict[str, Any]:
    """Return the setting for lines in that format, without any of the secrets. Raises
    `ImproperlyConfigured` for a format that there is not."""
    if log_format not in lines.FORMATS:
        raise ImproperlyConfigured("LOG_FORMAT must be json or text.")
    line = {"()": lines.FORMATS[log_format], "secrets": list(secrets)}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": LOGGERS,
        "root": {"handlers": ["console"], "level": level},
    }
