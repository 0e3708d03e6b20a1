"""The tables of accounts at once: what its history leaves behind."""

import accounts.models
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import servicebilling.lib.ids
from django.conf import settings
from django.db import migrations, models

from servicebilling.lib import append_only
from servicebilling.lib.tables_at_once import CreateTables


class Migration(migrations.Migration):

    replaces = [
        ('accounts', '0001_initial'),
        ('accounts', '0002_what_the_sign_up_form_said'),
        ('accounts', '0003_settings_and_trail_only_grow'),
        ('accounts', '0004_zones_before'),
        ('accounts', '0005_find_newest_periodic_run'),
        ('accounts', '0006_find_organizations_by_name'),
        ('accounts', '0007_answers_by_idempotency_key'),
        ('accounts', '0008_keys_of_staff_requests'),
        ('accounts', '0009_let_staff_look_as_organization'),
        ('accounts', '0010_find_organizations_by_bill_address'),
        ('accounts', '0011_remember_which_message_began_a_run'),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        CreateTables([
            migrations.CreateModel(
                name='User',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('email', models.EmailField(max_length=254, unique=True)),
                    ('name', models.CharField(blank=True, max_length=150)),
                    ('organization_wanted', models.CharField(blank=True, max_length=200)),
                    ('is_staff', models.BooleanField(default=False)),
                    ('is_active', models.BooleanField(default=True)),
                    ('date_joined', models.DateTimeField(default=django.utils.timezone.now)),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='user_email_is_lower_case'),
                    ],
                },
                managers=[
                    ('objects', accounts.models.UserManager()),
                ],
            ),
            migrations.CreateModel(
                name='Organization',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('name', models.CharField(max_length=200)),
                    ('slug', models.SlugField(max_length=80, unique=True)),
                    ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='owned_organizations', to=settings.AUTH_USER_MODEL)),
                    ('billing_email', models.EmailField(max_length=254)),
                    ('timezone', models.CharField(default='UTC', max_length=63)),
                    ('timezones_before', models.JSONField(blank=True, db_default=[], default=list)),
                    ('currency', models.CharField(default='USD', max_length=3)),
                    ('stripe_customer_id', models.CharField(blank=True, max_length=255)),
                    ('status', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('closed', 'Closed')], default='active', max_length=10)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'db_table': 'organizations',
                    'permissions': [('look_as_organization', "Can look at an organization's own pages")],
                    'indexes': [
                        models.Index(fields=['name', 'id'], name='organizations_by_name'),
                        models.Index(fields=['-created_at', '-id'], name='organizations_newest_first'),
                        models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('name'), name='varchar_pattern_ops'), name='organizations_by_name_prefix'),
                        models.Index(django.db.models.functions.text.Upper('billing_email'), name='organizations_by_bill_address'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('stripe_customer_id'), condition=models.Q(('stripe_customer_id', ''), _negated=True), name='organization_stripe_customer_once'),
                        models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='organization_currency_is_iso_4217'),
                        models.CheckConstraint(condition=models.Q(('status__in', ['active', 'suspended', 'closed'])), name='organization_status_is_known'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Membership',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.organization')),
                    ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('accountant', 'Accountant'), ('member', 'Member')], max_length=10)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('user'), name='membership_once_per_organization'),
                        models.UniqueConstraint(models.F('organization'), condition=models.Q(('role', 'owner')), name='organization_has_one_owner'),
                        models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'admin', 'accountant', 'member'])), name='membership_role_is_known'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Invitation',
                fields=[
                    ('id', models.UUIDField(default=servicebilling.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.organization')),
                    ('email', models.EmailField(max_length=254)),
                    ('role', models.CharField(choices=[('owner', 'Owner'), ('admin', 'Admin'), ('accountant', 'Accountant'), ('member', 'Member')], max_length=10)),
                    ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('expires_at', models.DateTimeField()),
                    ('accepted_at', models.DateTimeField(blank=True, null=True)),
                    ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), django.db.models.functions.text.Lower('email'), condition=models.Q(('accepted_at', None), ('revoked_at', None)), name='one_open_invitation_per_address'),
                        models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'accountant', 'member'])), name='invitation_role_is_known_and_not_owner'),
                        models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='invitation_is_accepted_or_revoked_not_both'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='ApiKey',
                fields=[
                    ('id', models.CharField(editable=False, max_length=150, primary_key=True, serialize=False, unique=True)),
                    ('prefix', models.CharField(editable=False, max_length=8, unique=True)),
                    ('hashed_key', models.CharField(editable=False, max_length=150)),
                    ('created', models.DateTimeField(auto_now_add=True, db_index=True)),
                    ('name', models.CharField(default=None, help_text='A free-form name for the API key. Need not be unique. 50 characters max.', max_length=50)),
                    ('revoked', models.BooleanField(blank=True, default=False, help_text='If the API key is revoked, clients cannot use it anymore. (This cannot be undone.)')),
                    ('expiry_date', models.DateTimeField(blank=True, help_text='Once API key expires, clients cannot use it anymore.', null=True, verbose_name='Expires')),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='accounts.organization')),
                    ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, size=None)),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'verbose_name': 'API key',
                    'verbose_name_plural': 'API keys',
                    'ordering': ('-created',),
                    'abstract': False,
                    'constraints': [
                        models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['usage:read', 'usage:write', 'calls:create', 'billing:read', 'billing:write', 'admin']), models.Q(('scopes', []), _negated=True)), name='api_key_scopes_are_known_and_not_empty'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='Setting',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                    ('key', models.CharField(max_length=80)),
                    ('value', models.JSONField()),
                    ('valid_from', models.DateTimeField()),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('key'), models.F('valid_from'), name='setting_one_value_per_moment', nulls_distinct=False),
                    ],
                },
            ),
            migrations.CreateModel(
                name='AuditEntry',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_entries', to='accounts.organization')),
                    ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('actor_label', models.CharField(max_length=254)),
                    ('action', models.CharField(max_length=80)),
                    ('detail', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                    ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ],
                options={
                    'verbose_name_plural': 'audit entries',
                    'db_table': 'audit_entries',
                    'indexes': [
                        models.Index(fields=['organization', '-id'], name='audit_by_organization_newest'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='PeriodicRun',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('task', models.CharField(max_length=120)),
                    ('period', models.CharField(max_length=40)),
                    ('started_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                    ('message_id', models.CharField(blank=True, db_default='', max_length=64)),
                ],
                options={
                    'indexes': [
                        models.Index(fields=['-started_at'], name='periodic_runs_newest_first'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('task'), models.F('period'), name='periodic_run_once'),
                    ],
                },
            ),
            migrations.CreateModel(
                name='IdempotentRequest',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization')),
                    ('key', models.CharField(max_length=255)),
                    ('fingerprint', models.CharField(max_length=64)),
                    ('claimed_at', models.DateTimeField()),
                    ('status', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('answer', models.JSONField(blank=True, null=True)),
                ],
                options={
                    'db_table': 'idempotent_requests',
                    'indexes': [
                        models.Index(fields=['claimed_at'], name='idempotent_requests_by_age'),
                    ],
                    'constraints': [
                        models.UniqueConstraint(models.F('organization'), models.F('key'), name='idempotency_key_once_per_organization'),
                        models.UniqueConstraint(models.F('key'), condition=models.Q(('organization', None)), name='idempotency_key_once_on_the_platform'),
                    ],
                },
            ),
        ]),
        append_only.protect('audit_entries'),
        append_only.protect('accounts_setting'),
    ]
