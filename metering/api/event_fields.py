"""What a program says of usage: strict fields, and what it is told in return."""

import json
from typing import Any

from rest_framework import serializers

from metering.balances.usage_models import QUANTITY
from metering.usage import record
from metering.usage.events import METERS, Recorded, Use
from servicebilling.lib.strict_fields import StrictDecimalField, StrictIntegerField

Json = dict[str, Any]
OUTCOMES = ["recorded", "already", "refused"]
METADATA_BYTES_MAX = 4000
# A day of audio at 48 kHz stereo is about 16 GB.
AUDIO_BYTES_MAX = 10**12


class Metadata(serializers.DictField):
    """A small JSON object, kept as it is."""

    def to_internal_value(self, data: Any) -> Json:
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        try:
            # Neither infinities, nor halves of characters, nor NUL fit the database.
            text = json.dumps(data, allow_nan=False, ensure_ascii=False)
            size = len(text.encode())
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError("This cannot be kept.") from error
        if size > METADATA_BYTES_MAX:
            raise serializers.ValidationError(f"At most {METADATA_BYTES_MAX} bytes.")
        if "\\u0000" in text:
            raise serializers.ValidationError("Null characters are not allowed.")
        return data


class EventRequest(serializers.Serializer[Json]):
    """One use of a meter."""

    event_type = serializers.ChoiceField(
        sorted(METERS),
        help_text="`voice_minute`: minutes that your own system measured; they never touch"
        " the minutes of calls.",
    )
    quantity = StrictDecimalField(
        **QUANTITY, required=False, help_text="More than 0; 1 if nothing is said."
    )
    audio_bytes = StrictIntegerField(
        min_value=1,
        max_value=AUDIO_BYTES_MAX,
        required=False,
        help_text="Instead of a quantity, for `voice_minute`: an estimate from the size of"
        " the audio, at 16,000 bytes a second.",
    )
    idempotency_key = serializers.CharField(
        max_length=record.KEY_LENGTH_MAX,
        trim_whitespace=False,
        help_text="Names the fact. Sent again with the same key it counts once.",
    )
    occurred_at = serializers.DateTimeField(
        required=False, help_text="Now, if nothing is said. Never in the future."
    )
    metadata = Metadata(required=False)
    corrects = serializers.CharField(
        max_length=record.KEY_LENGTH_MAX,
        trim_whitespace=False,
        required=False,
        help_text="Key of an earlier event, whose quantity this one replaces.",
    )
    enforce = serializers.BooleanField(
        default=True,
        help_text="false: it has happened, and is recorded whatever can pay for it.",
    )

    def validate(self, attrs: Json) -> Json:
        if "audio_bytes" in attrs and (
            attrs["event_type"] != "voice_minute" or "quantity" in attrs
        ):
            raise serializers.ValidationError(
                {"audio_bytes": ["Only of voice_minute, and instead of a quantity."]}
            )
        return attrs


class EventResult(serializers.Serializer[Json]):
    """What became of one event."""

    idempotency_key = serializers.CharField()
    status = serializers.ChoiceField(OUTCOMES)
    event_id = serializers.UUIDField(allow_null=True)
    quantity = serializers.DecimalField(
        **QUANTITY,
        coerce_to_string=False,
        help_text="What was counted; of a correction the difference.",
    )
    total = serializers.DecimalField(
        max_digits=18,
        decimal_places=6,
        coerce_to_string=False,
        help_text="Charged for it, beyond what is included.",
    )
    currency = serializers.CharField()


def use_of(said: Json) -> Use:
    """Return a validated `EventRequest` as the domain knows it."""
    quantity, is_estimated = said.get("quantity"), False
    if "audio_bytes" in said:
        quantity, is_estimated = record.minutes_of_audio(said["audio_bytes"]), True
    return Use(
        meter=METERS[said["event_type"]],
        quantity=record.ONE if quantity is None else quantity,
        key=said["idempotency_key"],
        occurred_at=said.get("occurred_at"),
        metadata=said.get("metadata", {}),
        corrects=said.get("corrects", ""),
        is_estimated=is_estimated,
        is_fact=not said["enforce"],
    )


def result_of(recorded: Recorded) -> Json:
    """Return the fields of `EventResult`."""
    return {
        "idempotency_key": recorded.key,
        "status": recorded.outcome,
        "event_id": recorded.event_id,
        "quantity": recorded.quantity,
        "total": recorded.total,
        "currency": recorded.currency,
    }
