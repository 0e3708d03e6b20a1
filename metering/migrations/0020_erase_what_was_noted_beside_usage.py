"""Usage events stay as they are, but may lose what their sender noted beside them.

Their quantities and prices refuse any change, as before. What others wrote into `metadata` can
be personal data, and must be erasable. Only `erase_usage_metadata` does it, with the rights of
the tables' owner: the application's role may still only read and add.
"""

from django.db import migrations

_GUARD = """
CREATE FUNCTION usage_events_may_lose_metadata() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND to_jsonb(NEW) - 'metadata' = to_jsonb(OLD) - 'metadata'
        AND OLD.metadata @> NEW.metadata
        AND NEW.metadata -> 'corrected_to' IS NOT DISTINCT FROM
            OLD.metadata -> 'corrected_to'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused. Write a correcting row instead.',
        TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$
"""

# Ours: what a correction states, how long a call was, the month of a rental.
_ERASE = """
CREATE FUNCTION erase_usage_metadata(p_organization uuid) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH erased AS (
        UPDATE usage_events SET metadata = coalesce(
            (SELECT jsonb_object_agg(key, value) FROM jsonb_each(metadata)
             WHERE key IN ('corrected_to', 'duration_seconds', 'month')), '{}')
        WHERE organization_id = p_organization
            AND metadata - ARRAY['corrected_to', 'duration_seconds', 'month'] <> '{}'
        RETURNING 1
    )
    SELECT count(*)::int FROM erased
$$
"""


def _guarded_by(function: str) -> str:
    return (
        "CREATE OR REPLACE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON usage_events"
        f" FOR EACH ROW EXECUTE FUNCTION {function}()"
    )


class Migration(migrations.Migration):
    dependencies = [("metering", "0019_forget_texts_and_hide_numbers")]

    operations = [
        migrations.RunSQL(
            [_GUARD, _guarded_by("usage_events_may_lose_metadata"), _ERASE],
            [
                "DROP FUNCTION erase_usage_metadata(uuid)",
                _guarded_by("append_only_refuse"),
                "DROP FUNCTION usage_events_may_lose_metadata()",
            ],
        )
    ]
