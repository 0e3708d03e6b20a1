-- Usage events stay as they are, but may lose what their sender noted beside them: it can be
-- personal data, and must be erasable. Their quantities and prices refuse any change.
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
$$;

CREATE OR REPLACE TRIGGER append_only_rows BEFORE UPDATE OR DELETE ON usage_events
  FOR EACH ROW EXECUTE FUNCTION usage_events_may_lose_metadata();

-- With the rights of the tables' owner: the application's role may only read and add. Ours
-- stay: what a correction states, how long a call was, the month of a rental.
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
$$;
