"""Tables of billing and what they tell, at once: what its history leaves behind."""

import django.core.serializers.json
import django.db.models.deletion
import django.db.models.expressions
import servicebilling.lib.ids
from django.conf import settings
from django.db import migrations, models

from servicebilling.lib import append_only
from servicebilling.lib.tables_at_once import CreateTables

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

    replaces = [
        ('billing', '0001_catalogue'),
        ('billing', '0002_selling'),
        ('billing', '0003_topups'),
        ('billing', '0004_money_that_follows_usage'),
        ('billing', '0005_documents_of_payments'),
        ('billing', '0006_payments_tell_who_listens'),
        ('billing', '0007_letters'),
        ('billing', '0008_find_documents_by_payment'),
        ('billing', '0009_next_billing_period'),
        ('billing', '0010_find_failed_events'),
        ('billing', '0011_letters_to_several_people'),
        ('billing', '0012_plan_versions'),
        ('billing', '0013_money_by_staff'),
        ('billing', '0014_forget_texts'),
        ('billing', '0015_letters_to_people_and_back'),
        ('billing', '0016_erasures'),
        ('billing', '0017_payment_events_needing_a_look'),
        ('billing', '0018_told_customers'),
        ('billing', '0019_trial_minutes_of_versions'),
        ('billing', '0020_ended_subscriptions_are_settled'),
        ('billing', '0021_provider_runs'),
    ]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed_0011_remember_which_message_began_a_run'),
        ('metering', '0001_squashed_0024_say_whether_a_file_shows_callers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='BouncedAddress',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('address', models.EmailField(max_length=254, unique=True)),
                    ('reason', models.CharField(choices=[('bounced', 'does not exist'), ('rejected', 'is refused by the mail service'), ('complained', 'complained about our letters')], max_length=10)),
                    ('told_by', models.CharField(max_length=40)),
                    ('detail', models.CharField(blank=True, max_length=300)),
                    ('first_at', models.DateTimeField()),
                    ('last_at', models.DateTimeField()),
                    ('cleared_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'verbose_name_plural': 'bounced addresses',
                    'db_table': 'bounced_addresses',
                },
            ),
            migrations.CreateModel(
                name='Plan',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=60, unique=True)),
                    ('name', models.CharField(max_length=80)),
                    ('currency', models.CharField(max_length=3)),
                    ('price_monthly', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('price_yearly', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('setup_fee', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('trial_days', models.PositiveIntegerField(default=0)),
                    ('trial_minutes', models.PositiveIntegerField(default=0)),
                    ('monthly_wallet_grant', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plans', to='metering.ratecard')),
                    ('provider_ids', models.JSONField(blank=True, default=dict)),
                    ('is_active', models.BooleanField(default=True)),
                    ('is_public', models.BooleanField(default=True)),
                    ('order', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'db_table': 'billing_plans',
                    'ordering': ['order', 'code'],
                    'permissions': [('edit_catalogue', 'Can change plans and bundles')],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('price_monthly__isnull', True), ('price_monthly__gte', 0), _connector='OR'), models.Q(('price_yearly__isnull', True), ('price_yearly__gte', 0), _connector='OR'), ('monthly_wallet_grant__gte', 0), ('setup_fee__gte', 0)), name='plan_prices_not_negative'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PlanVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='billing.plan')),
                    ('number', models.PositiveIntegerField()),
                    ('name', models.CharField(max_length=80)),
                    ('price_monthly', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('price_yearly', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('setup_fee', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('trial_days', models.PositiveIntegerField(default=0)),
                    ('trial_minutes', models.PositiveIntegerField(default=0)),
                    ('monthly_wallet_grant', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('provider_ids', models.JSONField(blank=True, default=dict)),
                    ('is_shipped', models.BooleanField()),
                    ('reason', models.CharField(blank=True, max_length=300)),
                    ('created_at', models.DateTimeField()),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'db_table': 'plan_versions',
                    'ordering': ['plan', '-number'],
                    'constraints': [
                        models.UniqueConstraint(models.F('plan'), models.F('number'), name='plan_version_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='MinuteBundle',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('code', models.SlugField(max_length=60, unique=True)),
                    ('minutes', models.PositiveIntegerField()),
                    ('currency', models.CharField(max_length=3)),
                    ('is_active', models.BooleanField(default=True)),
                    ('order', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'db_table': 'minute_bundles',
                    'ordering': ['order', 'minutes'],
                    'constraints': [
                        models.UniqueConstraint(models.F('minutes'), models.F('currency'), name='bundle_once_per_currency'),
                        models.CheckConstraint(condition=models.Q(('minutes__gt', 0)), name='bundle_has_minutes'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Discrepancy',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('kind', models.CharField(choices=[('missed_event', 'Missed Event'), ('orphan_checkout', 'Orphan Checkout'), ('paid_not_credited', 'Paid Not Credited'), ('subscription_differs', 'Subscription Differs'), ('usage_differs', 'Usage Differs'), ('usage_refused', 'Usage Refused'), ('usage_unbilled', 'Usage Unbilled')], max_length=24)),
                    ('provider', models.CharField(max_length=20)),
                    ('subject', models.CharField(max_length=255)),
                    ('ours', models.TextField(blank=True)),
                    ('theirs', models.TextField(blank=True)),
                    ('found_at', models.DateTimeField()),
                    ('seen_at', models.DateTimeField()),
                    ('settled_at', models.DateTimeField(blank=True, null=True)),
                    ('settlement', models.CharField(blank=True, max_length=300)),
                    ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'verbose_name_plural': 'discrepancies',
                    'db_table': 'discrepancies',
                    'indexes': [
                        models.Index(fields=['-found_at'], name='discrepancies_newest_first'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('kind'), models.F('subject'), condition=models.Q(('settled_at__isnull', True)), name='one_open_discrepancy_per_subject'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='BillingDetails',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='billing_details', serialize=False, to='accounts.organization')),
                    ('name', models.CharField(max_length=200)),
                    ('line1', models.CharField(blank=True, max_length=200)),
                    ('line2', models.CharField(blank=True, max_length=200)),
                    ('postal_code', models.CharField(blank=True, max_length=20)),
                    ('city', models.CharField(blank=True, max_length=100)),
                    ('region', models.CharField(blank=True, max_length=100)),
                    ('country', models.CharField(blank=True, max_length=2)),
                    ('tax_id_type', models.CharField(blank=True, max_length=20)),
                    ('tax_id', models.CharField(blank=True, max_length=40)),
                    ('updated_at', models.DateTimeField()),
                ],
                options={
                    'verbose_name_plural': 'billing details',
                    'db_table': 'billing_details',
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('country', ''), ('country__regex', '^[A-Z]{2}$'), _connector='OR'), name='billing_country_is_iso_3166'),
                        models.CheckConstraint(condition=models.Q(models.Q(('tax_id', ''), ('tax_id_type', '')), models.Q(models.Q(('tax_id', ''), _negated=True), models.Q(('tax_id_type', ''), _negated=True)), _connector='OR'), name='tax_id_has_a_type'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ToldCustomer',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='accounts.organization')),
                    ('name', models.CharField(max_length=200)),
                    ('email', models.EmailField(blank=True, max_length=254)),
                    ('details_updated_at', models.DateTimeField(blank=True, null=True)),
                    ('told_at', models.DateTimeField()),
                    ('error', models.CharField(blank=True, max_length=300)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'told_customers',
                },
            ),
            migrations.CreateModel(
                name='DocumentSeries',
                fields=[
                    ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                    ('last_number', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'verbose_name_plural': 'document series',
                    'db_table': 'document_series',
                },
            ),
            migrations.CreateModel(
                name='Document',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='accounts.organization')),
                    ('kind', models.CharField(choices=[('invoice', 'Invoice'), ('receipt', 'Receipt'), ('credit_note', 'Credit Note')], max_length=12)),
                    ('state', models.CharField(choices=[('prepared', 'Prepared'), ('open', 'Open'), ('paid', 'Paid'), ('void', 'Void'), ('uncollectible', 'Uncollectible')], max_length=14)),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_document_id', models.CharField(blank=True, max_length=255)),
                    ('series', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.documentseries')),
                    ('number_in_series', models.PositiveIntegerField(blank=True, null=True)),
                    ('number', models.CharField(blank=True, max_length=60)),
                    ('currency', models.CharField(max_length=3)),
                    ('subtotal', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('tax', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('total', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('amount_paid', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('lines', models.JSONField(default=list, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                    ('own_lines', models.JSONField(default=list)),
                    ('customer', models.JSONField(default=dict)),
                    ('seller', models.JSONField(default=dict)),
                    ('period_starts_at', models.DateTimeField(blank=True, null=True)),
                    ('period_ends_at', models.DateTimeField(blank=True, null=True)),
                    ('url', models.TextField(blank=True)),
                    ('pdf_url', models.TextField(blank=True)),
                    ('payment', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document', to='billing.payment')),
                    ('cycle', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invoice', to='metering.billingcycle')),
                    ('refund', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='document', to='billing.refund')),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='billing.document')),
                    ('issued_at', models.DateTimeField()),
                    ('due_at', models.DateTimeField(blank=True, null=True)),
                    ('paid_at', models.DateTimeField(blank=True, null=True)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'documents',
                    'indexes': [
                        models.Index(fields=['organization', '-issued_at'], name='documents_newest_first'),
                        models.Index(condition=models.Q(('state', 'paid')), fields=['paid_at'], name='documents_by_payment'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_document_id'), condition=models.Q(('provider_document_id', ''), _negated=True), name='provider_document_once'),
                        models.UniqueConstraint(models.F('series'), models.F('number_in_series'), name='document_number_once'),
                        models.CheckConstraint(condition=models.Q(models.Q(('number_in_series__isnull', True), ('series__isnull', True)), models.Q(('number_in_series__gte', 1), ('series__isnull', False)), _connector='OR'), name='own_document_has_a_number'),
                        models.CheckConstraint(condition=models.Q(('total', django.db.models.expressions.CombinedExpression(models.F('subtotal'), '+', models.F('tax')))), name='document_total_is_subtotal_and_tax'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Erasure',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('requested_at', models.DateTimeField()),
                    ('due_at', models.DateTimeField()),
                    ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                    ('done_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'erasures',
                    'indexes': [
                        models.Index(condition=models.Q(('done_at', None), ('withdrawn_at', None)), fields=['due_at'], name='erasures_to_be_done'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), condition=models.Q(('withdrawn_at', None)), name='one_erasure_per_organization'),
                        models.CheckConstraint(condition=models.Q(('withdrawn_at', None), ('done_at', None), _connector='OR'), name='erasure_is_withdrawn_or_done_not_both'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ExchangeRate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('base', models.CharField(default='USD', max_length=3)),
                    ('quote', models.CharField(max_length=3)),
                    ('rate', models.DecimalField(decimal_places=9, max_digits=18)),
                    ('valid_from', models.DateTimeField()),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'exchange_rates',
                    'ordering': ['base', 'quote', '-valid_from'],
                    'constraints': [
                        models.UniqueConstraint(models.F('base'), models.F('quote'), models.F('valid_from'), name='one_rate_per_moment'),
                        models.CheckConstraint(condition=models.Q(('rate__gt', 0), models.Q(('base', models.F('quote')), _negated=True)), name='rate_converts'),
                        models.CheckConstraint(condition=models.Q(('base__regex', '^[A-Z]{3}$'), ('quote__regex', '^[A-Z]{3}$')), name='rate_currencies_are_iso_4217'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PaymentEvent',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('provider', models.CharField(max_length=20)),
                    ('kind', models.CharField(max_length=60)),
                    ('external_id', models.CharField(max_length=300)),
                    ('body', models.JSONField(default=dict)),
                    ('state', models.CharField(choices=[('received', 'Received'), ('processed', 'Processed'), ('ignored', 'Ignored'), ('unmatched', 'Unmatched'), ('quarantined', 'Quarantined'), ('parked', 'Parked')], max_length=12)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.TextField(blank=True)),
                    ('received_at', models.DateTimeField()),
                    ('processed_at', models.DateTimeField(blank=True, null=True)),
                    ('redacted_at', models.DateTimeField(blank=True, null=True)),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('api_version', models.CharField(blank=True, max_length=40)),
                ],
                options={
                    'db_table': 'payment_events',
                    'abstract': False,
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'received')), fields=['next_attempt_at'], name='billing_paymentevent_due'),
                        models.Index(condition=models.Q(('state__in', ['parked', 'quarantined'])), fields=['received_at'], name='billing_paymentevent_failed'),
                        models.Index(condition=models.Q(('redacted_at__isnull', True)), fields=['received_at'], name='billing_paymentevent_whole'),
                        models.Index(fields=['-received_at'], name='billing_paymentevent_newest'),
                        models.Index(condition=models.Q(('state__in', ['unmatched', 'quarantined', 'parked'])), fields=['state'], name='payment_events_needing_a_look'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('external_id'), name='billing_paymentevent_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Letter',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('key', models.CharField(max_length=100, unique=True)),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('uncertain', 'Uncertain'), ('refused', 'Refused')], default='waiting', max_length=12)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('first_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('delivered_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField()),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='letters', to='accounts.organization')),
                    ('kind', models.CharField(choices=[('low_usage', 'Low Usage'), ('minutes_gone', 'Minutes Gone'), ('back_in_service', 'Back In Service'), ('receipt', 'Receipt'), ('payment_failed', 'Payment Failed'), ('top_up_paused', 'Top Up Paused'), ('staff_digest', 'Staff Digest'), ('invitation', 'Invitation'), ('sign_in', 'Sign In')], max_length=20)),
                    ('about', models.CharField(max_length=120)),
                    ('threshold', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('local_day', models.DateField()),
                    ('address', models.EmailField(max_length=254)),
                    ('words', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ],
                options={
                    'db_table': 'letters',
                    'abstract': False,
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='billing_letter_due'),
                        models.Index(fields=['kind', 'about'], name='letters_by_subject'),
                        models.Index(fields=['organization', 'kind', '-id'], name='letters_of_organization'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='billing_letter_delivered_at_a_time'),
                        models.UniqueConstraint(models.F('organization'), models.F('kind'), models.F('about'), models.F('threshold'), models.F('cycle'), models.F('address'), name='letter_once_per_subject', nulls_distinct=False),
                        models.UniqueConstraint(models.F('organization'), models.F('address'), models.F('local_day'), condition=models.Q(('kind', 'low_usage')), name='one_low_usage_letter_a_day'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='LetterChoice',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='letter_choices', to='accounts.organization')),
                    ('address', models.EmailField(max_length=254)),
                    ('kind', models.CharField(blank=True, max_length=20)),
                    ('is_wanted', models.BooleanField()),
                    ('changed_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'letter_choices',
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('address'), models.F('kind'), name='letter_choice_once_per_address_and_kind'),
                        models.CheckConstraint(condition=models.Q(('kind__in', ['', 'low_usage', 'back_in_service', 'receipt'])), name='letter_choice_is_about_optional_letters'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='OverageDelivery',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('key', models.CharField(max_length=100, unique=True)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('first_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('delivered_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField()),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('uncertain', 'Uncertain'), ('refused', 'Refused'), ('written_off', 'Written Off')], default='waiting', max_length=12)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('charge', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='delivery', to='metering.overagecharge')),
                    ('meter', models.CharField(blank=True, max_length=40)),
                    ('sequence', models.PositiveIntegerField(default=0)),
                    ('route', models.CharField(choices=[('none', 'None'), ('meter', 'Meter'), ('item', 'Item'), ('invoice', 'Invoice')], default='none', max_length=8)),
                    ('provider', models.CharField(blank=True, max_length=20)),
                    ('minutes', models.IntegerField(default=0)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('occurred_at', models.DateTimeField()),
                    ('provider_reference', models.CharField(blank=True, max_length=255)),
                    ('returned_at', models.DateTimeField(blank=True, null=True)),
                    ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='overage', to='billing.document')),
                ],
                options={
                    'verbose_name_plural': 'overage deliveries',
                    'db_table': 'overage_deliveries',
                    'abstract': False,
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='billing_overagedelivery_due'),
                        models.Index(condition=models.Q(('state', 'delivered'), _negated=True), fields=['organization'], name='deliveries_under_way'),
                        models.Index(fields=['organization', 'occurred_at'], name='deliveries_by_time'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='billing_overagedelivery_delivered_at_a_time'),
                        models.CheckConstraint(condition=models.Q(models.Q(('charge__isnull', False), ('meter', '')), models.Q(('charge__isnull', True), models.Q(('meter', ''), _negated=True)), _connector='OR'), name='delivery_is_of_a_charge_or_a_meter'),
                        models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', False), ('route', 'invoice')), models.Q(models.Q(('route', 'invoice'), _negated=True), ('invoice__isnull', True)), _connector='OR'), name='overage_asked_for_apart_has_its_invoice'),
                        models.CheckConstraint(condition=models.Q(('returned_at__isnull', True), models.Q(('route', 'meter'), _negated=True), _connector='OR'), name='returned_overage_goes_on_no_meter'),
                        models.UniqueConstraint(models.F('cycle'), models.F('meter'), models.F('sequence'), condition=models.Q(('charge__isnull', True)), name='meter_of_a_cycle_delivered_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PlanCheckout',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plan_checkouts', to='accounts.organization')),
                    ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.plan')),
                    ('billing_period', models.CharField(max_length=10)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('provider', models.CharField(max_length=20)),
                    ('email', models.EmailField(max_length=254)),
                    ('state', models.CharField(choices=[('pending', 'Pending'), ('paid', 'Paid'), ('expired', 'Expired'), ('failed', 'Failed'), ('mismatched', 'Mismatched')], default='pending', max_length=12)),
                    ('checkout_url', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'plan_checkouts',
                    'indexes': [
                        models.Index(fields=['organization', '-created_at'], name='plan_checkouts_newest'),
                        models.Index(condition=models.Q(('state', 'pending')), fields=['created_at'], name='plan_checkouts_pending'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='plan_checkout_costs'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ProviderRun',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('kind', models.CharField(choices=[('catalogue', 'Catalogue told'), ('lists', 'Events, checkouts and subscriptions compared'), ('payments', 'Payments compared'), ('overage', 'Overage compared')], max_length=10)),
                    ('provider', models.CharField(blank=True, max_length=20)),
                    ('asked_at', models.DateTimeField()),
                    ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('is_live_meant', models.BooleanField(default=False)),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('looked_at_count', models.PositiveIntegerField(default=0)),
                    ('found_count', models.PositiveIntegerField(default=0)),
                    ('lines', models.JSONField(blank=True, default=list)),
                    ('differences', models.JSONField(blank=True, default=list)),
                    ('error', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'db_table': 'provider_runs',
                    'indexes': [
                        models.Index(fields=['kind', '-id'], name='provider_runs_by_kind'),
                        models.Index(condition=models.Q(('started_at__isnull', True)), fields=['id'], name='provider_runs_waiting'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), ('started_at__isnull', False), _connector='OR'), name='run_starts_before_it_ends'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Purchase',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='purchases', to='accounts.organization')),
                    ('bundle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.minutebundle')),
                    ('minutes', models.PositiveIntegerField()),
                    ('base_minute_cost', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('markup_percent', models.DecimalField(decimal_places=4, max_digits=7)),
                    ('price', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('state', models.CharField(choices=[('pending', 'Pending'), ('fulfilled', 'Fulfilled'), ('expired', 'Expired'), ('failed', 'Failed'), ('mismatched', 'Mismatched')], default='pending', max_length=12)),
                    ('provider', models.CharField(max_length=20)),
                    ('checkout_id', models.CharField(blank=True, max_length=255)),
                    ('checkout_url', models.TextField(blank=True)),
                    ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('created_at', models.DateTimeField()),
                    ('fulfilled_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'purchases',
                    'indexes': [
                        models.Index(fields=['organization', '-created_at'], name='purchases_newest_first'),
                        models.Index(condition=models.Q(('state', 'pending')), fields=['created_at'], name='purchases_pending'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('checkout_id'), condition=models.Q(('checkout_id', ''), _negated=True), name='purchase_checkout_once'),
                        models.CheckConstraint(condition=models.Q(('minutes__gt', 0), ('price__gt', 0)), name='purchase_buys_something'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Payment',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_payment_id', models.CharField(max_length=255)),
                    ('purchase', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payment', to='billing.purchase')),
                    ('top_up', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payment', to='billing.topup')),
                    ('subscription', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='billing.subscription')),
                    ('invoice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='billing.document')),
                    ('period_starts_at', models.DateTimeField(blank=True, null=True)),
                    ('period_ends_at', models.DateTimeField(blank=True, null=True)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('tax', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('paid_at', models.DateTimeField()),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'payments',
                    'permissions': [('move_money', 'Can refund payments, settle invoices, overage and differences')],
                    'indexes': [
                        models.Index(fields=['organization', '-paid_at'], name='payments_newest_first'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_payment_id'), name='payment_counts_once'),
                        models.UniqueConstraint(models.F('subscription'), models.F('period_starts_at'), condition=models.Q(('subscription__isnull', False)), name='period_is_paid_once'),
                        models.CheckConstraint(condition=models.Q(models.Q(('invoice__isnull', True), ('purchase__isnull', False), ('subscription__isnull', True), ('top_up__isnull', True)), models.Q(('invoice__isnull', True), ('purchase__isnull', True), ('subscription__isnull', False), ('top_up__isnull', True)), models.Q(('invoice__isnull', True), ('purchase__isnull', True), ('subscription__isnull', True), ('top_up__isnull', False)), models.Q(('invoice__isnull', False), ('purchase__isnull', True), ('subscription__isnull', True), ('top_up__isnull', True)), _connector='OR'), name='payment_is_for_one_thing'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Refund',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_id', models.CharField(max_length=255)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('is_effective', models.BooleanField(default=False)),
                    ('minutes', models.PositiveIntegerField(default=0)),
                    ('wallet_amount', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('movements', models.PositiveIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                    ('updated_at', models.DateTimeField()),
                    ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='refunds', to='billing.payment')),
                    ('status', models.CharField(choices=[('pending', 'Pending'), ('requires_action', 'Requires Action'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('canceled', 'Canceled')], max_length=20)),
                    ('reason', models.CharField(blank=True, max_length=300)),
                    ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'db_table': 'refunds',
                    'abstract': False,
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_id'), name='refund_counts_once'),
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='refund_is_of_an_amount'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Dispute',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_id', models.CharField(max_length=255)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('is_effective', models.BooleanField(default=False)),
                    ('minutes', models.PositiveIntegerField(default=0)),
                    ('wallet_amount', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('movements', models.PositiveIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                    ('updated_at', models.DateTimeField()),
                    ('payment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='disputes', to='billing.payment')),
                    ('status', models.CharField(max_length=40)),
                    ('reason', models.CharField(blank=True, max_length=60)),
                ],
                options={
                    'db_table': 'disputes',
                    'abstract': False,
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_id'), name='dispute_counts_once'),
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='dispute_is_of_an_amount'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='RefundOrder',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('key', models.CharField(max_length=100, unique=True)),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('uncertain', 'Uncertain'), ('refused', 'Refused')], default='waiting', max_length=12)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('first_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('delivered_at', models.DateTimeField(blank=True, null=True)),
                    ('error', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField()),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('payment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refund_orders', to='billing.payment')),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('reason', models.CharField(max_length=300)),
                    ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('refund', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order', to='billing.refund')),
                ],
                options={
                    'db_table': 'refund_orders',
                    'abstract': False,
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='billing_refundorder_due'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'delivered'), _negated=True), ('delivered_at__isnull', False), _connector='OR'), name='billing_refundorder_delivered_at_a_time'),
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='refund_order_is_of_an_amount'),
                        models.CheckConstraint(condition=models.Q(models.Q(('refund__isnull', False), ('state', 'delivered')), models.Q(models.Q(('state', 'delivered'), _negated=True), ('refund__isnull', True)), _connector='OR'), name='refund_order_given_is_a_refund'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Subscription',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='accounts.organization')),
                    ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='billing.plan')),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('price', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('monthly_wallet_grant', models.DecimalField(db_default=0, decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('billing_period', models.CharField(choices=[('monthly', 'Monthly'), ('yearly', 'Yearly')], max_length=10)),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_subscription_id', models.CharField(max_length=255)),
                    ('customer_email', models.EmailField(blank=True, max_length=254)),
                    ('status', models.CharField(choices=[('incomplete', 'Incomplete'), ('incomplete_expired', 'Incomplete Expired'), ('trialing', 'Trialing'), ('active', 'Active'), ('past_due', 'Past Due'), ('unpaid', 'Unpaid'), ('paused', 'Paused'), ('canceled', 'Canceled')], max_length=20)),
                    ('period_starts_at', models.DateTimeField(blank=True, null=True)),
                    ('period_ends_at', models.DateTimeField(blank=True, null=True)),
                    ('trial_ends_at', models.DateTimeField(blank=True, null=True)),
                    ('next_plan', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.plan')),
                    ('next_billing_period', models.CharField(blank=True, choices=[('monthly', 'Monthly'), ('yearly', 'Yearly')], max_length=10)),
                    ('cancel_at', models.DateTimeField(blank=True, null=True)),
                    ('canceled_at', models.DateTimeField(blank=True, null=True)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('overage_settled_at', models.DateTimeField(blank=True, null=True)),
                    ('past_due_since', models.DateTimeField(blank=True, null=True)),
                    ('action_url', models.TextField(blank=True)),
                    ('generation', models.PositiveIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'subscriptions',
                    'ordering': ['-created_at'],
                    'indexes': [
                        models.Index(condition=models.Q(('status__in', ['canceled', 'incomplete_expired']), _negated=True), fields=['organization'], name='subscriptions_living'),
                        models.Index(condition=models.Q(('ended_at__isnull', False), ('overage_settled_at__isnull', True)), fields=['ended_at'], name='subscriptions_to_settle'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_subscription_id'), name='subscription_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='SubscriptionItem',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='billing.subscription')),
                    ('provider_item_id', models.CharField(max_length=255)),
                    ('provider_price_id', models.CharField(max_length=255)),
                    ('is_metered', models.BooleanField(default=False)),
                    ('period_starts_at', models.DateTimeField()),
                    ('period_ends_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'subscription_items',
                    'constraints': [
                        models.UniqueConstraint(models.F('subscription'), models.F('provider_item_id'), name='subscription_item_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='TopUp',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='top_ups', to='accounts.organization')),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('state', models.CharField(choices=[('pending', 'Pending'), ('credited', 'Credited'), ('expired', 'Expired'), ('failed', 'Failed'), ('mismatched', 'Mismatched')], default='pending', max_length=12)),
                    ('provider', models.CharField(max_length=20)),
                    ('checkout_id', models.CharField(blank=True, max_length=255)),
                    ('checkout_url', models.TextField(blank=True)),
                    ('is_automatic', models.BooleanField(default=False)),
                    ('failure', models.CharField(blank=True, max_length=200)),
                    ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('created_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'top_ups',
                    'indexes': [
                        models.Index(fields=['organization', '-created_at'], name='top_ups_newest_first'),
                        models.Index(condition=models.Q(('state', 'pending')), fields=['created_at'], name='top_ups_pending'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='top_up_adds_something'),
                        models.UniqueConstraint(models.F('organization'), condition=models.Q(('is_automatic', True), ('state', 'pending')), name='one_automatic_top_up_in_flight'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='AutoTopUp',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='auto_top_up', serialize=False, to='accounts.organization')),
                    ('is_on', models.BooleanField(default=False)),
                    ('threshold', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('max_per_day', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('max_per_month', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('provider', models.CharField(blank=True, max_length=20)),
                    ('card_token', models.CharField(blank=True, max_length=255)),
                    ('card_label', models.CharField(blank=True, max_length=60)),
                    ('card_email', models.EmailField(blank=True, max_length=254)),
                    ('declines_in_a_row', models.PositiveIntegerField(default=0)),
                    ('paused_at', models.DateTimeField(blank=True, null=True)),
                    ('updated_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'auto_top_ups',
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('amount__gt', 0), ('threshold__gte', 0)), name='auto_top_up_adds_something'),
                        models.CheckConstraint(condition=models.Q(('max_per_day__gte', models.F('amount')), ('max_per_month__gte', models.F('max_per_day'))), name='auto_top_up_limits_allow_one'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='AutoTopUpPause',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('top_up', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.topup')),
                    ('declines', models.PositiveIntegerField()),
                    ('card_label', models.CharField(blank=True, max_length=60)),
                    ('created_at', models.DateTimeField()),
                    ('told_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'auto_top_up_pauses',
                    'indexes': [
                        models.Index(condition=models.Q(('told_at__isnull', True)), fields=['created_at'], name='auto_top_up_pauses_to_tell'),
                    ],
                },
            ),
        ]),
        append_only.protect('exchange_rates'),
        migrations.RunSQL(TELL, UNDO),
    ]
