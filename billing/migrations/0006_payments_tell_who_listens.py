"""A payment tells the organization's own systems, in its transaction: whoever writes it."""

from django.db import migrations

TELL = """
CREATE FUNCTION tell_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_event uuid := gen_random_uuid();
BEGIN
  INSERT INTO webhook_deliveries (id, organization_id, endpoint_id, event_id, kind, data,
      occurred_at, state, attempts, next_attempt_at, error)
  SELECT gen_random_uuid(), e.organization_id, e.id, v_event, 'payment.received',
    jsonb_build_object('amount', NEW.amount::text, 'currency', NEW.currency,
      'provider', NEW.provider),
    NEW.created_at, 'waiting', 0, NEW.created_at, ''
  FROM webhook_endpoints e
  WHERE e.organization_id = NEW.organization_id AND e.removed_at IS NULL
    AND 'payment.received' = ANY (e.kinds);
  RETURN NULL;
END $$;

CREATE TRIGGER tell_of_payment AFTER INSERT ON payments FOR EACH ROW
  EXECUTE FUNCTION tell_of_payment();
"""

UNDO = """
DROP TRIGGER tell_of_payment ON payments;
DROP FUNCTION tell_of_payment();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_documents_of_payments"),
        ("metering", "0005_usage_functions_and_views"),
    ]

    operations = [migrations.RunSQL(TELL, UNDO)]
