"""Carries the request's id to the worker, and binds each task's own to its lines."""

from typing import Any

from celery import signals

from servicebilling.lib.logs import context

_HEADER = "request_id"


def follow() -> None:
    """Listen to Celery; called once, where the application is made."""
    signals.before_task_publish.connect(_send_along, dispatch_uid="logs.send_along")
    signals.task_prerun.connect(_begin, dispatch_uid="logs.begin")
    signals.task_postrun.connect(_end, dispatch_uid="logs.end")
    # With a receiver Celery leaves logging to the settings, in the worker and in beat.
    signals.setup_logging.connect(_leave_logging_alone, dispatch_uid="logs.settings")


def _send_along(headers: dict[str, Any] | None = None, **_: Any) -> None:
    request_id = context.current().get("request_id")
    if headers is not None and request_id:
        headers[_HEADER] = request_id


def _begin(task_id: str = "", task: Any = None, **_: Any) -> None:
    if task.request.is_eager:
        return
    request_id = getattr(task.request, _HEADER, None) or task_id
    context.begin(request_id=request_id, task_id=task_id, task=task.name)


def _end(task: Any = None, **_: Any) -> None:
    if not task.request.is_eager:
        context.begin()


def _leave_logging_alone(**_: Any) -> None:
    return None
