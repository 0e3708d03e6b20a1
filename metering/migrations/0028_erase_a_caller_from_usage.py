"""One caller can be erased from what others noted beside usage, and the rest of it stays.

As `erase_usage_metadata` does for an organization, with the rights of the tables' owner.
"""

from django.db import migrations

# What names the caller goes; what a correction states stays, it is ours.
_ERASE = """
CREATE FUNCTION erase_caller_from_usage(p_organization uuid, p_number text) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH erased AS (
        UPDATE usage_events SET metadata = coalesce(
            (SELECT jsonb_object_agg(key, value) FROM jsonb_each(metadata)
             WHERE key = 'corrected_to' OR position(p_number IN key || value::text) = 0), '{}')
        WHERE organization_id = p_organization
            AND position(p_number IN (metadata - 'corrected_to')::text) > 0
        RETURNING 1
    )
    SELECT count(*)::int FROM erased
$$
"""


class Migration(migrations.Migration):
    dependencies = [("metering", "0027_name_numbers")]

    operations = [
        migrations.RunSQL(_ERASE, "DROP FUNCTION erase_caller_from_usage(uuid, text)")
    ]
