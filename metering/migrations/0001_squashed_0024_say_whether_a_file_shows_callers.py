"""Tables, functions and views of metering at once: what its history leaves behind."""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import metering.usage.models
import servicebilling.lib.ids
from django.conf import settings
from django.db import migrations, models

from servicebilling.lib import append_only
from servicebilling.lib.tables_at_once import CreateTables

SQL = Path(__file__).parent / "sql"

# What each file makes, in the order of making.
MADE = {
    "book": ["FUNCTION book_lock(uuid[])", "FUNCTION book_json(uuid[], uuid[])", "FUNCTION book_write(jsonb)"],
    "gate": ["FUNCTION route_calls(jsonb)", "FUNCTION gate_admit(jsonb, timestamptz, uuid, uuid)"],
    # As the gate decides today: the file above made it first.
    "gate_admit": [],
    "settle": ["FUNCTION settle_read(jsonb)", "FUNCTION settle_write(jsonb, jsonb)"],
    "usage": [
        "FUNCTION usage_write(jsonb)",
        "VIEW monthly_usage",
        "VIEW billing_overview",
        "FUNCTION tell_of_refusal()",
        "TRIGGER tell_of_refusal ON decisions",
    ],
    "top_ups": ["FUNCTION tell_of_low_wallet()", "TRIGGER tell_of_low_wallet ON decisions"],
}
BUSY = {"allowances": 50, "billing_cycles": 70, "daily_usage": 70, "cycle_usage": 70}
BOOKS = (
    "minute_transactions",
    "wallet_transactions",
    "overage_charges",
    "usage_events",
    "decisions",
    "rate_cards",
    "rates",
    "usage_charges",
)


def sql(name, *made, before_drops=""):
    drops = "".join(f"DROP {thing};\n" for thing in reversed(made))
    return migrations.RunSQL((SQL / f"{name}.sql").read_text(), before_drops + drops)


def fill(table, *, percent):
    return migrations.RunSQL(
        f"ALTER TABLE {table} SET (fillfactor = {percent})",
        f"ALTER TABLE {table} RESET (fillfactor)",
    )


class Migration(migrations.Migration):

    replaces = [
        ('metering', '0001_initial'),
        ('metering', '0002_balance_functions'),
        ('metering', '0003_append_only_books'),
        ('metering', '0004_usage_of_every_meter'),
        ('metering', '0005_usage_functions_and_views'),
        ('metering', '0006_calls_by_agent_and_number'),
        ('metering', '0007_find_daily_usage_by_day'),
        ('metering', '0008_topups'),
        ('metering', '0009_low_wallets'),
        ('metering', '0010_placed_calls'),
        ('metering', '0011_exports'),
        ('metering', '0012_let_staff_adjust_balances'),
        ('metering', '0013_webhook_log_by_time'),
        ('metering', '0014_let_staff_see_money_and_replay'),
        ('metering', '0015_forget_old_webhooks'),
        ('metering', '0016_find_what_ran_out'),
        ('metering', '0017_shadow_mode'),
        ('metering', '0018_check_books_by_the_clock'),
        ('metering', '0019_forget_texts_and_hide_numbers'),
        ('metering', '0020_erase_what_was_noted_beside_usage'),
        ('metering', '0021_a_file_of_everything'),
        ('metering', '0022_what_staff_ask_of_books_and_provider'),
        ('metering', '0023_failed_deliveries_by_time'),
        ('metering', '0024_say_whether_a_file_shows_callers'),
    ]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed_0011_remember_which_message_began_a_run'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='RateCard',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('code', models.CharField(max_length=80, unique=True)),
                    ('included_minutes', models.PositiveIntegerField(default=0)),
                    ('when_exhausted', models.CharField(choices=[('cut_off', 'Cut Off'), ('overage', 'Overage'), ('wallet', 'Wallet'), ('postpaid', 'Postpaid')], max_length=10)),
                    ('overage_limit_minutes', models.PositiveIntegerField(blank=True, null=True)),
                    ('postpaid_limit_amount', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('grace_minutes', models.PositiveIntegerField(default=0)),
                    ('call_minutes_max', models.PositiveIntegerField(default=14)),
                    ('slice_minutes', models.PositiveIntegerField(default=3)),
                    ('calls_at_once_max', models.PositiveIntegerField(default=20)),
                    ('increment_first_seconds', models.PositiveIntegerField(default=60)),
                    ('increment_step_seconds', models.PositiveIntegerField(default=60)),
                    ('currency', models.CharField(max_length=3)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'db_table': 'rate_cards',
                    'ordering': ['code'],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(models.Q(('when_exhausted', 'overage'), _negated=True), models.Q(('increment_first_seconds', 60), ('increment_step_seconds', 60), ('overage_limit_minutes__isnull', False)), _connector='OR'), name='overage_is_limited_and_by_the_minute'),
                        models.CheckConstraint(condition=models.Q(models.Q(('when_exhausted', 'postpaid'), _negated=True), ('postpaid_limit_amount__isnull', False), _connector='OR'), name='postpaid_has_a_credit_limit'),
                        models.CheckConstraint(condition=models.Q(('call_minutes_max__gte', 1), ('calls_at_once_max__gte', 1), ('increment_first_seconds__gte', 1), ('increment_step_seconds__gte', 1), ('slice_minutes__gte', 1)), name='rate_card_limits_positive'),
                    ],
                },
            ),
            # Columns in the order of the history: the view billing_overview lists them all.
            migrations.CreateModel(
                name='Rate',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('meter', models.CharField(choices=[('voice_minute', 'Voice Minute'), ('api_call', 'Api Call'), ('ai_query', 'Ai Query'), ('storage_mb', 'Storage Mb'), ('phone_number_month', 'Phone Number Month'), ('reported_minute', 'Reported Minute')], max_length=40)),
                    ('direction', models.CharField(blank=True, default='', max_length=10)),
                    ('included_quantity', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                    ('quota_limit', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                    ('unit_price', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('tiers', models.JSONField(blank=True, null=True)),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rates', to='metering.ratecard')),
                ],
                options={
                    'db_table': 'rates',
                    'ordering': ['rate_card', 'meter', 'direction'],
                    'constraints': [
                        models.UniqueConstraint(models.F('rate_card'), models.F('meter'), models.F('direction'), name='rate_once_per_meter_and_direction'),
                        models.CheckConstraint(condition=models.Q(models.Q(('tiers__isnull', True), ('unit_price__isnull', False)), models.Q(('tiers__isnull', False), ('unit_price__isnull', True)), _connector='OR'), name='rate_is_flat_or_tiered'),
                        models.CheckConstraint(condition=models.Q(('unit_price__isnull', True), ('unit_price__gte', 0), _connector='OR'), name='unit_price_not_negative'),
                        models.CheckConstraint(condition=models.Q(models.Q(('meter', 'voice_minute'), _negated=True), ('direction', ''), _connector='OR'), name='voice_has_one_price'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='BillingCycle',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cycles', to='accounts.organization')),
                    ('starts_at', models.DateTimeField()),
                    ('ends_at', models.DateTimeField()),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('included_minutes', models.IntegerField(default=0)),
                    ('minutes_used', models.IntegerField(default=0)),
                    ('overage_minutes', models.IntegerField(default=0)),
                    ('credit_taken_minutes', models.IntegerField(default=0)),
                    ('debt_repaid_minutes', models.IntegerField(default=0)),
                    ('minutes_held', models.IntegerField(default=0)),
                    ('state', models.CharField(choices=[('active', 'Active'), ('closed', 'Closed')], default='active', max_length=10)),
                    ('is_paid', models.BooleanField(default=True)),
                    ('invoice_reference', models.CharField(blank=True, max_length=255)),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'billing_cycles',
                    'ordering': ['-starts_at'],
                    'indexes': [
                        models.Index(condition=models.Q(('minutes_held__gt', 0)), fields=['organization'], name='closed_cycles_still_holding'),
                        models.Index(condition=models.Q(('state', 'active')), fields=['ends_at'], name='cycles_due_to_close'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), condition=models.Q(('state', 'active')), name='one_active_cycle_per_organization'),
                        models.UniqueConstraint(models.F('organization'), models.F('starts_at'), name='cycle_starts_once'),
                        models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='cycle_ends_after_it_starts'),
                        models.CheckConstraint(condition=models.Q(('included_minutes__gte', 0), ('minutes_held__gte', 0), ('minutes_used__gte', 0), ('overage_minutes__gte', 0)), name='cycle_totals_not_negative'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CycleCharge',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='charges', to='metering.billingcycle')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('minutes', models.IntegerField(default=0)),
                    ('seconds', models.BigIntegerField(default=0)),
                    ('amount', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ],
                options={
                    'db_table': 'cycle_charges',
                    'constraints': [
                        models.UniqueConstraint(models.F('cycle'), models.F('rate_card'), name='charge_once_per_cycle_and_card'),
                        models.CheckConstraint(condition=models.Q(('amount__gte', 0), ('minutes__gte', 0), ('seconds__gte', 0)), name='charges_not_negative'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Allowance',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='allowance', serialize=False, to='accounts.organization')),
                    ('minutes_used_this_cycle', models.IntegerField(default=0)),
                    ('credit_minutes', models.IntegerField(default=0)),
                    ('minutes_paid_otherwise', models.IntegerField(default=0)),
                    ('minutes_ceiling', models.IntegerField(default=0)),
                    ('minutes_held', models.IntegerField(default=0)),
                    ('plan_minutes', models.IntegerField(default=0)),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('plan_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('cycle', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('cycle_ends_at', models.DateTimeField()),
                    ('anchor_at', models.DateTimeField()),
                    ('rolls_until', models.DateTimeField(blank=True, null=True)),
                    ('standing', models.CharField(choices=[('good', 'Good'), ('grace', 'Grace'), ('past_due', 'Past Due'), ('no_plan', 'No Plan')], default='good', max_length=10)),
                    ('enforcement', models.CharField(choices=[('enforce', 'Enforce'), ('shadow', 'Shadow')], default='enforce', max_length=10)),
                    ('overage_limit_minutes', models.PositiveIntegerField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'allowances',
                    'permissions': [('adjust_balances', 'Can adjust minutes and wallets by hand'), ('set_enforcement', 'Can enforce limits, or only watch them')],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('minutes_held__gte', 0), ('minutes_paid_otherwise__gte', 0), ('minutes_used_this_cycle__gte', models.F('minutes_paid_otherwise')), ('plan_minutes__gte', 0)), name='allowance_counters_not_negative'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Hold',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='accounts.organization')),
                    ('reference', models.CharField(max_length=300, unique=True)),
                    ('kind', models.CharField(choices=[('call', 'Call'), ('usage', 'Usage')], default='call', max_length=10)),
                    ('minutes', models.PositiveIntegerField()),
                    ('seconds_max', models.PositiveIntegerField()),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='metering.billingcycle')),
                    ('control_url', models.TextField(blank=True)),
                    ('state', models.CharField(choices=[('open', 'Open'), ('settled', 'Settled'), ('released', 'Released'), ('estimated', 'Estimated')], default='open', max_length=10)),
                    ('in_progress_at', models.DateTimeField(blank=True, null=True)),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'holds',
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'open')), fields=['organization'], name='open_holds'),
                        models.Index(condition=models.Q(('state', 'open')), fields=['expires_at'], name='open_holds_by_expiry'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='MinuteTransaction',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('kind', models.CharField(choices=[('usage', 'Usage'), ('purchase', 'Purchase'), ('monthly_grant', 'Monthly Grant'), ('bonus', 'Bonus'), ('adjustment', 'Adjustment'), ('refund', 'Refund'), ('dispute', 'Dispute'), ('cycle_close', 'Cycle Close'), ('top_up', 'Top Up'), ('opening_balance', 'Opening Balance')], max_length=20)),
                    ('reference', models.CharField(max_length=300)),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('rate_card', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('call_id', models.UUIDField(blank=True, null=True)),
                    ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('reason', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField()),
                    ('used_change', models.IntegerField(default=0)),
                    ('credit_change', models.IntegerField(default=0)),
                    ('charged_change', models.IntegerField(default=0)),
                    ('amount', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('used_after', models.IntegerField()),
                    ('credit_after', models.IntegerField()),
                ],
                options={
                    'db_table': 'minute_transactions',
                    'indexes': [
                        models.Index(fields=['organization', '-id'], name='minutes_newest_first'),
                        models.Index(condition=models.Q(('kind', 'usage'), _negated=True), fields=['organization', 'created_at', 'id'], name='minutes_moved_without_calls'),
                        models.Index(fields=['cycle'], name='minutes_by_cycle'),
                        models.Index(condition=models.Q(('call_id__isnull', False)), fields=['call_id'], name='minutes_by_call'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('reference'), name='minute_reference_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Wallet',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='wallet', serialize=False, to='accounts.organization')),
                    ('balance', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                ],
                options={
                    'db_table': 'wallets',
                },
            ),
            migrations.CreateModel(
                name='WalletTransaction',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('kind', models.CharField(choices=[('usage', 'Usage'), ('purchase', 'Purchase'), ('monthly_grant', 'Monthly Grant'), ('bonus', 'Bonus'), ('adjustment', 'Adjustment'), ('refund', 'Refund'), ('dispute', 'Dispute'), ('cycle_close', 'Cycle Close'), ('top_up', 'Top Up'), ('opening_balance', 'Opening Balance')], max_length=20)),
                    ('reference', models.CharField(max_length=300)),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('rate_card', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('call_id', models.UUIDField(blank=True, null=True)),
                    ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('reason', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField()),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('balance_after', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                ],
                options={
                    'db_table': 'wallet_transactions',
                    'indexes': [
                        models.Index(fields=['organization', '-id'], name='wallet_newest_first'),
                        models.Index(fields=['organization', '-created_at', '-id'], name='wallet_by_time'),
                        models.Index(condition=models.Q(('kind', 'usage'), _negated=True), fields=['organization', 'created_at', 'id'], name='wallet_moved_without_usage'),
                        models.Index(condition=models.Q(('call_id__isnull', False)), fields=['call_id'], name='wallet_by_call'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('reference'), name='wallet_reference_once'),
                        models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='wallet_amount_not_zero'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='OverageCharge',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('call_id', models.UUIDField(blank=True, null=True)),
                    ('reference', models.CharField(max_length=300)),
                    ('minutes', models.IntegerField()),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('occurred_at', models.DateTimeField()),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'overage_charges',
                    'indexes': [
                        models.Index(fields=['cycle'], name='overage_by_cycle'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('reference'), name='overage_reference_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='TopUpThreshold',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='accounts.organization')),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                ],
                options={
                    'db_table': 'top_up_thresholds',
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='top_up_threshold_not_negative'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='TopUpDue',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('reason', models.CharField(choices=[('below_threshold', 'Below Threshold'), ('refused', 'Refused')], max_length=20)),
                    ('provider_call_id', models.CharField(max_length=200)),
                    ('balance', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('free_balance', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('created_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                    ('outcome', models.CharField(blank=True, max_length=40)),
                ],
                options={
                    'db_table': 'top_ups_due',
                    'indexes': [
                        models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['created_at'], name='top_ups_due_open'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), condition=models.Q(('closed_at__isnull', True)), name='one_open_top_up_due_per_organization'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CycleUsage',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='usages', to='metering.billingcycle')),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('meter', models.CharField(max_length=40)),
                    ('count', models.IntegerField(default=0)),
                    ('quantity', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                    ('charged_quantity', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                    ('price', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                ],
                options={
                    'db_table': 'cycle_usage',
                    'constraints': [
                        models.UniqueConstraint(models.F('cycle'), models.F('meter'), models.F('rate_card'), name='usage_once_per_cycle_meter_and_card'),
                        models.CheckConstraint(condition=models.Q(('charged_quantity__gte', 0), ('count__gte', 0), ('price__gte', 0), ('quantity__gte', 0)), name='cycle_usage_not_negative'),
                        models.CheckConstraint(condition=models.Q(('charged_quantity__lte', models.F('quantity'))), name='charged_usage_was_used'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='UsageCharge',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('meter', models.CharField(max_length=40)),
                    ('reference', models.CharField(max_length=300)),
                    ('quantity', models.DecimalField(decimal_places=6, max_digits=20)),
                    ('amount', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('occurred_at', models.DateTimeField()),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'usage_charges',
                    'indexes': [
                        models.Index(fields=['cycle'], name='usage_charges_by_cycle'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('reference'), name='usage_charge_reference_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='UsageHold',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('reference', models.CharField(max_length=200)),
                    ('meter', models.CharField(max_length=40)),
                    ('quantity', models.DecimalField(decimal_places=6, max_digits=20)),
                    ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('state', models.CharField(choices=[('open', 'Open'), ('settled', 'Settled'), ('released', 'Released'), ('expired', 'Expired')], default='open', max_length=10)),
                    ('settled_quantity', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                    ('would_refuse', models.BooleanField(default=False)),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'usage_holds',
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'open')), fields=['organization'], name='open_usage_holds'),
                        models.Index(condition=models.Q(('state', 'open')), fields=['expires_at'], name='open_usage_holds_by_expiry'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('reference'), name='usage_hold_once'),
                        models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='usage_hold_holds_something'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='HumanLine',
                fields=[
                    ('organization', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='human_line', serialize=False, to='accounts.organization')),
                    ('e164', models.CharField(max_length=20)),
                    ('code_hash', models.CharField(blank=True, max_length=64)),
                    ('code_expires_at', models.DateTimeField(null=True)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('codes', models.PositiveIntegerField(default=0)),
                    ('codes_since', models.DateTimeField(null=True)),
                    ('confirmed_at', models.DateTimeField(null=True)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'human_lines',
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('e164__regex', '^\\+[1-9][0-9]{5,14}$')), name='human_line_is_e164'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Forward',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_call_id', models.CharField(max_length=200)),
                    ('e164', models.CharField(max_length=20)),
                    ('rule', models.CharField(max_length=40)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'call_forwards',
                    'indexes': [
                        models.Index(fields=['organization', '-created_at'], name='forwards_newest_first'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_call_id'), name='call_forwarded_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Agent',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agents', to='accounts.organization')),
                    ('name', models.CharField(max_length=120)),
                    ('provider', models.CharField(default='vapi', max_length=20)),
                    ('provider_assistant_id', models.CharField(max_length=120)),
                    ('refusal_text', models.CharField(blank=True, max_length=300)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'db_table': 'agents',
                    'ordering': ['name'],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_assistant_id'), name='assistant_belongs_to_one_agent'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PhoneNumber',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='phone_numbers', to='accounts.organization')),
                    ('e164', models.CharField(max_length=20, verbose_name='number')),
                    ('provider', models.CharField(default='vapi', max_length=20)),
                    ('provider_number_id', models.CharField(max_length=120)),
                    ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='phone_numbers', to='metering.agent')),
                    ('valid_from', models.DateTimeField(default=django.utils.timezone.now)),
                    ('valid_to', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'phone_numbers',
                    'ordering': ['e164'],
                    'indexes': [
                        models.Index(fields=['provider', 'provider_number_id'], name='number_by_provider'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_number_id'), condition=models.Q(('valid_to__isnull', True)), name='number_belongs_to_one_organization'),
                        models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gt', models.F('valid_from')), _connector='OR'), name='number_ends_after_it_starts'),
                        models.CheckConstraint(condition=models.Q(('e164__regex', '^\\+[1-9][0-9]{5,14}$')), name='number_is_e164'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Call',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_call_id', models.CharField(max_length=200)),
                    ('direction', models.CharField(choices=[('inbound', 'Inbound'), ('outbound', 'Outbound'), ('web', 'Web')], max_length=10)),
                    ('agent', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.agent')),
                    ('phone_number', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.phonenumber')),
                    ('call_from', models.CharField(blank=True, max_length=100)),
                    ('call_to', models.CharField(blank=True, max_length=100)),
                    ('occurred_at', models.DateTimeField()),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('duration_seconds', models.PositiveIntegerField(blank=True, null=True)),
                    ('billed_seconds', models.PositiveIntegerField(default=0)),
                    ('billed_minutes', models.PositiveIntegerField(default=0)),
                    ('minutes_from_plan', models.IntegerField(default=0)),
                    ('minutes_from_credit', models.IntegerField(default=0)),
                    ('minutes_charged', models.IntegerField(default=0)),
                    ('seconds_charged', models.IntegerField(default=0)),
                    ('cost', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('cost_breakdown', models.JSONField(blank=True, default=dict)),
                    ('price', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('rate_card', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='calls', to='metering.billingcycle')),
                    ('status', models.CharField(choices=[('active', 'Active'), ('completed', 'Completed'), ('estimated', 'Estimated'), ('refused', 'Refused'), ('failed', 'Failed')], max_length=10)),
                    ('ended_reason', models.CharField(blank=True, max_length=160)),
                    ('refusal', models.CharField(blank=True, max_length=40)),
                    ('is_unadmitted', models.BooleanField(default=False)),
                    ('flags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                    ('revision', models.PositiveIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                    ('settled_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'calls',
                    'permissions': [('see_money', 'Can see amounts of money on staff pages'), ('see_numbers', "Can see callers' numbers on staff pages")],
                    'indexes': [
                        models.Index(fields=['organization', '-occurred_at', '-id'], name='calls_newest_first'),
                        models.Index(fields=['-occurred_at', '-id'], name='all_calls_newest_first'),
                        models.Index(condition=models.Q(('agent__isnull', False)), fields=['agent', '-occurred_at', '-id'], name='calls_of_agent_newest_first'),
                        models.Index(condition=models.Q(('phone_number__isnull', False)), fields=['phone_number', '-occurred_at', '-id'], name='calls_of_number_newest_first'),
                        models.Index(fields=['provider', 'provider_call_id'], name='call_by_provider_id'),
                        models.Index(fields=['cycle'], name='calls_by_cycle'),
                        models.Index(condition=models.Q(('status', 'completed'), _negated=True), fields=['organization', 'status', '-occurred_at'], name='calls_not_plainly_completed'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('organization'), models.F('provider_call_id'), name='call_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Decision',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_call_id', models.CharField(max_length=200)),
                    ('result', models.CharField(choices=[('admitted', 'Admitted'), ('refused', 'Refused')], max_length=10)),
                    ('rule', models.CharField(max_length=40)),
                    ('would_refuse', models.BooleanField(default=False)),
                    ('inputs', models.JSONField(default=dict)),
                    ('minutes', models.PositiveIntegerField(default=0)),
                    ('seconds_max', models.PositiveIntegerField(default=0)),
                    ('hold', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.hold')),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'decisions',
                    'indexes': [
                        models.Index(fields=['organization', '-id'], name='decisions_newest_first'),
                        models.Index(condition=models.Q(('inputs__enforcement', 'shadow')), fields=['organization', 'created_at'], name='decisions_in_shadow_mode'),
                        models.Index(condition=models.Q(('result', 'refused')), fields=['-created_at'], name='refusals_newest_first'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_call_id'), models.F('organization'), name='decision_once_per_call', nulls_distinct=False),
                        models.CheckConstraint(condition=models.Q(('would_refuse', False), models.Q(('inputs__enforcement', 'shadow'), ('result', 'admitted'), models.Q(('rule', 'ok'), _negated=True)), _connector='OR'), name='only_shadow_mode_admits_against_a_rule'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='InboundMessage',
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
                    ('provider_call_id', models.CharField(blank=True, max_length=200)),
                ],
                options={
                    'db_table': 'inbound_messages',
                    'permissions': [('replay_messages', 'Can process stored messages again')],
                    'abstract': False,
                    'indexes': [
                        models.Index(condition=models.Q(('state', 'received')), fields=['next_attempt_at'], name='metering_inboundmessage_due'),
                        models.Index(condition=models.Q(('state__in', ['parked', 'quarantined'])), fields=['received_at'], name='metering_inboundmessage_failed'),
                        models.Index(condition=models.Q(('redacted_at__isnull', True)), fields=['received_at'], name='metering_inboundmessage_whole'),
                        models.Index(fields=['-received_at'], name='metering_inboundmessage_newest'),
                        models.Index(fields=['provider_call_id'], name='messages_by_call'),
                        models.Index(condition=models.Q(('state__in', ['unmatched', 'quarantined', 'parked'])), fields=['state'], name='messages_needing_a_look'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('external_id'), name='metering_inboundmessage_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Placement',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('kind', models.CharField(choices=[('outbound', 'Outbound'), ('web', 'Web'), ('campaign', 'Campaign')], max_length=10)),
                    ('provider', models.CharField(default='vapi', max_length=20)),
                    ('provider_call_id', models.CharField(blank=True, max_length=200)),
                    ('call', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='placement', to='metering.call')),
                    ('hold', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='placement', to='metering.hold')),
                    ('agent', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.agent')),
                    ('phone_number', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.phonenumber')),
                    ('call_to', models.CharField(blank=True, max_length=20)),
                    ('campaign_id', models.CharField(blank=True, max_length=120)),
                    ('contact_id', models.CharField(blank=True, max_length=120)),
                    ('idempotency_key', models.CharField(blank=True, max_length=255)),
                    ('join_url', models.CharField(blank=True, max_length=500)),
                    ('state', models.CharField(choices=[('placing', 'Placing'), ('placed', 'Placed'), ('failed', 'Failed')], default='placing', max_length=10)),
                    ('error', models.CharField(blank=True, max_length=300)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'call_placements',
                    'indexes': [
                        models.Index(condition=models.Q(('kind', 'campaign'), ('state', 'placing')), fields=['call_to'], name='campaign_calls_expected'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('idempotency_key'), condition=models.Q(models.Q(('idempotency_key', ''), _negated=True), models.Q(('state', 'failed'), _negated=True)), name='call_placed_once_per_key'),
                        models.UniqueConstraint(models.F('provider'), models.F('provider_call_id'), condition=models.Q(('provider_call_id', ''), _negated=True), name='placement_is_one_call'),
                        models.CheckConstraint(condition=models.Q(models.Q(('state', 'placed'), _negated=True), models.Q(('provider_call_id', ''), _negated=True), _connector='OR'), name='placed_call_has_an_id'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CallEnding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('call', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='ending', to='metering.call')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('rule', models.CharField(max_length=40)),
                    ('sentence', models.CharField(max_length=300)),
                    ('control_url', models.TextField(blank=True)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(null=True)),
                    ('error', models.CharField(blank=True, max_length=300)),
                    ('created_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(null=True)),
                ],
                options={
                    'db_table': 'call_endings',
                    'indexes': [
                        models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['next_attempt_at'], name='call_endings_due'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Reconciliation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('provider', models.CharField(max_length=20)),
                    ('since', models.DateTimeField()),
                    ('until', models.DateTimeField()),
                    ('started_at', models.DateTimeField()),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('both', models.PositiveIntegerField(default=0)),
                    ('theirs_only', models.PositiveIntegerField(default=0)),
                    ('ours_only', models.PositiveIntegerField(default=0)),
                    ('different', models.PositiveIntegerField(default=0)),
                    ('settled', models.PositiveIntegerField(default=0)),
                    ('error', models.CharField(blank=True, max_length=300)),
                ],
                options={
                    'db_table': 'call_reconciliations',
                    'indexes': [
                        models.Index(fields=['-started_at'], name='reconciliations_newest'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='CallDifference',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('provider', models.CharField(max_length=20)),
                    ('provider_call_id', models.CharField(max_length=200)),
                    ('result', models.CharField(choices=[('theirs only', 'Theirs Only'), ('ours only', 'Ours Only'), ('different', 'Different')], max_length=12)),
                    ('theirs', models.JSONField(default=dict)),
                    ('ours', models.JSONField(default=dict)),
                    ('outcome', models.CharField(blank=True, max_length=300)),
                    ('first_seen_at', models.DateTimeField()),
                    ('last_seen_at', models.DateTimeField()),
                    ('resolved_at', models.DateTimeField(null=True)),
                ],
                options={
                    'db_table': 'call_differences',
                    'indexes': [
                        models.Index(fields=['-last_seen_at'], name='differences_newest'),
                        models.Index(condition=models.Q(('resolved_at__isnull', True)), fields=['organization'], name='differences_unresolved'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('provider_call_id'), name='one_difference_per_call'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='SetUpFinding',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('provider', models.CharField(max_length=20)),
                    ('subject', models.CharField(max_length=20)),
                    ('subject_id', models.CharField(blank=True, max_length=120)),
                    ('problem', models.CharField(choices=[('preset assistant', 'Preset Assistant'), ('fallback destination', 'Fallback Destination'), ('foreign server', 'Foreign Server'), ('no server', 'No Server'), ('no retries', 'No Retries'), ('reports off', 'Reports Off'), ('unknown to the provider', 'Unknown There'), ('low balance', 'Low Balance')], max_length=30)),
                    ('organization', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('detail', models.CharField(blank=True, max_length=500)),
                    ('first_seen_at', models.DateTimeField()),
                    ('last_seen_at', models.DateTimeField()),
                    ('resolved_at', models.DateTimeField(null=True)),
                ],
                options={
                    'db_table': 'provider_set_up_findings',
                    'indexes': [
                        models.Index(fields=['-last_seen_at'], name='set_up_findings_newest'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('provider'), models.F('subject'), models.F('subject_id'), models.F('problem'), condition=models.Q(('resolved_at__isnull', True)), name='set_up_finding_stands_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ProviderBalance',
                fields=[
                    ('provider', models.CharField(max_length=20, primary_key=True, serialize=False)),
                    ('amount_usd', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('read_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'provider_balances',
                },
            ),
            migrations.CreateModel(
                name='Notice',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='accounts.organization')),
                    ('cycle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('kind', models.CharField(choices=[('percent_used', 'Percent Used'), ('minutes_left', 'Minutes Left'), ('wallet_left', 'Wallet Left')], max_length=20)),
                    ('threshold', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('is_gone', models.BooleanField(default=False)),
                    ('minutes_pool', models.IntegerField()),
                    ('minutes_left', models.IntegerField()),
                    ('percent_used', models.IntegerField()),
                    ('wallet_balance', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('refill', models.CharField(max_length=40)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'notices',
                    'indexes': [
                        models.Index(fields=['organization', '-created_at', '-id'], name='notices_newest_first'),
                        models.Index(condition=models.Q(('is_gone', True)), fields=['created_at'], name='notices_of_all_gone'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('cycle'), models.F('kind'), models.F('threshold'), models.F('refill'), name='notice_once_per_threshold_cycle_and_refill'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WebhookEndpoint',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='webhook_endpoints', to='accounts.organization')),
                    ('url', models.CharField(max_length=500)),
                    ('kinds', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('minutes.low', 'Minutes Low'), ('minutes.gone', 'Minutes Gone'), ('call.refused', 'Call Refused'), ('payment.received', 'Payment Received')], max_length=40), size=None)),
                    ('secret', models.CharField(max_length=100)),
                    ('secret_before', models.CharField(blank=True, max_length=100)),
                    ('secret_before_until', models.DateTimeField(blank=True, null=True)),
                    ('created_at', models.DateTimeField()),
                    ('removed_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'webhook_endpoints',
                    'ordering': ['created_at', 'id'],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('url'), condition=models.Q(('removed_at__isnull', True)), name='webhook_endpoint_once_per_url'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='WebhookDelivery',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='metering.webhookendpoint')),
                    ('event_id', models.UUIDField()),
                    ('kind', models.CharField(choices=[('minutes.low', 'Minutes Low'), ('minutes.gone', 'Minutes Gone'), ('call.refused', 'Call Refused'), ('payment.received', 'Payment Received')], max_length=40)),
                    ('data', models.JSONField()),
                    ('occurred_at', models.DateTimeField()),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='waiting', max_length=10)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                    ('response_status', models.PositiveIntegerField(blank=True, null=True)),
                    ('error', models.CharField(blank=True, max_length=200)),
                    ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'webhook_deliveries',
                    'indexes': [
                        models.Index(fields=['organization', '-occurred_at', '-id'], name='webhook_log_by_time'),
                        models.Index(condition=models.Q(('state', 'waiting')), fields=['next_attempt_at'], name='webhook_deliveries_due'),
                        models.Index(condition=models.Q(('state', 'failed')), fields=['occurred_at'], name='webhook_deliveries_failed'),
                        models.Index(condition=models.Q(('state', 'waiting'), _negated=True), fields=['occurred_at'], name='webhook_deliveries_over'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('endpoint'), models.F('event_id'), name='webhook_delivery_once_per_endpoint'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Export',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                    ('requested_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('kind', models.CharField(choices=[('calls', 'Calls'), ('minutes', 'Minute transactions'), ('wallet', 'Wallet transactions'), ('statement', 'Monthly statement'), ('everything', 'Everything')], max_length=10)),
                    ('format', models.CharField(choices=[('csv', 'CSV'), ('xlsx', 'Excel (XLSX)'), ('zip', 'ZIP of CSV and JSON')], max_length=4)),
                    ('shows_callers', models.BooleanField(default=True)),
                    ('first_day', models.DateField()),
                    ('last_day', models.DateField()),
                    ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Being made'), ('done', 'Ready'), ('failed', 'Failed')], default='waiting', max_length=8)),
                    ('attempts', models.PositiveIntegerField(default=0)),
                    ('rows', models.PositiveIntegerField(default=0)),
                    ('size_bytes', models.BigIntegerField(default=0)),
                    ('created_at', models.DateTimeField()),
                    ('started_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('expires_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'exports',
                    'indexes': [
                        models.Index(fields=['organization', '-created_at'], name='exports_newest_first'),
                        models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['created_at'], name='exports_to_be_made'),
                        models.Index(fields=['expires_at'], name='exports_by_expiry'),
                    ],
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='export_ends_after_it_starts'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ExportPart',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('export', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='metering.export')),
                    ('number', models.PositiveIntegerField()),
                    ('data', models.BinaryField()),
                ],
                options={
                    'db_table': 'export_parts',
                    'constraints': [
                        models.UniqueConstraint(models.F('export'), models.F('number'), name='export_part_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='UsageEvent',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('meter', models.CharField(max_length=40)),
                    ('direction', models.CharField(blank=True, default='', max_length=10)),
                    ('kind', models.CharField(choices=[('usage', 'Usage'), ('correction', 'Correction'), ('void', 'Void')], db_default='usage', default='usage', max_length=10)),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='metering.usageevent')),
                    ('quantity', models.DecimalField(decimal_places=6, max_digits=20)),
                    ('charged_quantity', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                    ('is_estimated', models.BooleanField(db_default=False, default=False)),
                    ('rate_card', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
                    ('unit_price', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                    ('total', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                    ('idempotency_key', models.CharField(max_length=300)),
                    ('metadata', models.JSONField(blank=True, default=dict)),
                    ('cycle', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.billingcycle')),
                    ('call_id', models.UUIDField(blank=True, null=True)),
                    ('occurred_at', models.DateTimeField()),
                    ('processed_at', models.DateTimeField()),
                ],
                options={
                    'db_table': 'usage_events',
                    'indexes': [
                        models.Index(fields=['organization', '-occurred_at', '-id'], name='usage_newest_first'),
                        models.Index(condition=models.Q(('metadata__has_key', 'would_refuse')), fields=['organization', 'occurred_at'], name='usage_let_through'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('idempotency_key'), name='usage_event_once'),
                        models.UniqueConstraint(models.F('corrects'), condition=models.Q(('kind', 'void')), name='usage_event_voided_once'),
                        models.CheckConstraint(condition=models.Q(models.Q(('corrects__isnull', True), ('kind', 'usage')), models.Q(models.Q(('kind', 'usage'), _negated=True), ('corrects__isnull', False)), _connector='OR'), name='corrections_say_what_they_correct'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='DailyUsage',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('day', models.DateField()),
                    ('meter', models.CharField(max_length=40)),
                    ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.agent')),
                    ('phone_number', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.phonenumber')),
                    ('count', models.IntegerField(default=0)),
                    ('quantity', models.DecimalField(decimal_places=6, default=0, max_digits=20)),
                    ('talk_seconds', models.BigIntegerField(default=0)),
                    ('hours', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=metering.usage.models.empty_hours, size=24)),
                    ('cost', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                    ('price', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ],
                options={
                    'db_table': 'daily_usage',
                    'indexes': [
                        models.Index(fields=['day'], name='daily_usage_by_day'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('day'), models.F('meter'), models.F('agent'), models.F('phone_number'), name='daily_usage_once', nulls_distinct=False),
                    ],
                },
            ),
            migrations.CreateModel(
                name='MonthlyUsage',
                fields=[
                    ('id', models.CharField(max_length=44, primary_key=True, serialize=False)),
                    ('month', models.DateField()),
                    ('total_calls', models.BigIntegerField()),
                    ('talk_seconds', models.BigIntegerField()),
                    ('billed_minutes', models.DecimalField(decimal_places=6, max_digits=20)),
                    ('cost', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('price', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                ],
                options={
                    'db_table': 'monthly_usage',
                    'managed': False,
                },
            ),
            migrations.CreateModel(
                name='BillingOverview',
                fields=[
                    ('id', models.CharField(max_length=80, primary_key=True, serialize=False)),
                    ('cycle_start', models.DateTimeField()),
                    ('cycle_end', models.DateTimeField()),
                    ('meter', models.CharField(max_length=40)),
                    ('quantity', models.DecimalField(decimal_places=6, max_digits=20)),
                    ('included_quantity', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                    ('quota_limit', models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                    ('charged_quantity', models.DecimalField(decimal_places=6, max_digits=20)),
                    ('price', models.DecimalField(decimal_places=6, max_digits=18)),
                    ('currency', models.CharField(max_length=3)),
                ],
                options={
                    'db_table': 'billing_overview',
                    'managed': False,
                },
            ),
            migrations.CreateModel(
                name='BookCheck',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('started_at', models.DateTimeField()),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('asked_by', models.CharField(blank=True, max_length=100)),
                    ('checked', models.JSONField(blank=True, default=dict)),
                    ('rows_checked', models.PositiveBigIntegerField(default=0)),
                    ('findings_count', models.PositiveIntegerField(default=0)),
                    ('findings', models.JSONField(blank=True, default=list)),
                ],
                options={
                    'db_table': 'book_checks',
                    'indexes': [
                        models.Index(fields=['-started_at'], name='book_checks_newest'),
                    ],
                },
            ),
        ]),
        *(sql(name, *made) for name, made in MADE.items()),
        # Busy rows, rewritten by each call or batch: room on the page keeps updates cheap.
        *(fill(table, percent=percent) for table, percent in BUSY.items()),
        *(append_only.protect(table) for table in BOOKS),
        sql(
            'usage_metadata',
            'FUNCTION erase_usage_metadata(uuid)',
            before_drops=(
                'CREATE OR REPLACE TRIGGER append_only_rows BEFORE UPDATE OR DELETE'
                ' ON usage_events FOR EACH ROW EXECUTE FUNCTION append_only_refuse();'
                'DROP FUNCTION usage_events_may_lose_metadata();'
            ),
        ),
    ]
