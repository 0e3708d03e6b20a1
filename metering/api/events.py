"""Usage as programs report it: events, one or many, and taking them back."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from accounts.models import Organization
from metering.api.event_fields import EventRequest, EventResult, Json, result_of, use_of
from metering.usage import record
from metering.usage.events import Recorded
from servicebilling.lib import api_errors


class ResultOfMany(EventResult):
    error = serializers.DictField(required=False, help_text="Why it was refused.")


class BatchAnswer(serializers.Serializer[Json]):
    results = ResultOfMany(many=True, help_text="In the order of the events.")
    recorded = serializers.IntegerField()
    already = serializers.IntegerField()
    refused = serializers.IntegerField()


class Batch(serializers.Serializer[Json]):
    """Up to 1,000 events; each is recorded or refused by itself."""

    events = EventRequest(many=True)


class VoidRequest(serializers.Serializer[Json]):
    reason = serializers.CharField(max_length=200, required=False)


class Events(APIView):
    """One event, or a batch: a list, or an object with `events`."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.report")
        items = _items(request.data)
        return idempotency.answer_once(
            request,
            organization,
            lambda: Response(
                _record_one(organization, request.data)
                if items is None
                else _record_batch(organization, items)
            ),
            now=timezone.now(),
        )


class VoidEvent(APIView):
    """Takes an event back, with its money; a second time changes nothing."""

    def post(self, request: Request, key: str) -> Response:
        organization = access.organization_for(request, "usage.report")
        asked = VoidRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        recorded = record.void(
            organization,
            key=key,
            reason=asked.validated_data.get("reason", ""),
            now=timezone.now(),
        )
        return Response(EventResult(result_of(recorded) | {"idempotency_key": key}).data)


def _items(data: Any) -> list[Any] | None:
    """The events of a batch; None for a single one."""
    if isinstance(data, list):
        return data
    events = data.get("events") if isinstance(data, dict) else None
    if events is None:
        return None
    if not isinstance(events, list):
        raise serializers.ValidationError({"events": ["This must be a list."]})
    return events


def _record_one(organization: Organization, item: Any) -> Json:
    asked = EventRequest(data=item)
    asked.is_valid(raise_exception=True)
    [recorded] = record.record(
        organization, [use_of(asked.validated_data)], now=timezone.now()
    )
    if recorded.error is not None:
        raise recorded.error
    return EventResult(result_of(recorded)).data


def _record_batch(organization: Organization, items: list[Any]) -> Json:
    if not 0 < len(items) <= record.BATCH_MAX:
        raise serializers.ValidationError(
            {"events": [f"A batch is of 1 to {record.BATCH_MAX:,} events."]}
        )
    return BatchAnswer(_batch_answer(_record_each(organization, items))).data


def _record_each(organization: Organization, items: list[Any]) -> list[Json]:
    """Record what is valid and name what is not, in the order of the batch."""
    asked = [EventRequest(data=item) for item in items]
    valid = [one.is_valid() for one in asked]
    uses = [use_of(one.validated_data) for one, ok in zip(asked, valid, strict=True) if ok]
    done = iter(record.record(organization, uses, now=timezone.now()) if uses else [])
    return [
        _result(next(done)) if ok else _invalid(one, item)
        for one, ok, item in zip(asked, valid, items, strict=True)
    ]


def _result(recorded: Recorded) -> Json:
    result = result_of(recorded)
    if recorded.error is not None:
        error = recorded.error
        shaped = api_errors.body(
            status=error.status, code=error.code, message=error.message
        )
        result["error"] = shaped["error"] | {"status": error.status}
    return result


def _invalid(asked: EventRequest, item: Any) -> Json:
    key = item.get("idempotency_key") if isinstance(item, dict) else None
    refused = Recorded(key if isinstance(key, str) else "", "refused")
    shaped = api_errors.answer(serializers.ValidationError(asked.errors), {})
    error = shaped.data["error"] if shaped is not None else {}
    return result_of(refused) | {"error": error | {"status": 400}}


def _batch_answer(results: list[Json]) -> Json:
    counts = {
        status: sum(one["status"] == status for one in results)
        for status in ("recorded", "already", "refused")
    }
    return {"results": results, **counts}
