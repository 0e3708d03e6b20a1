"""Plans have versions, and subscriptions keep the wallet grant they began with."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("billing", "0011_letters_to_several_people"),
        ('metering', '0017_shadow_mode'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='plan',
            options={'ordering': ['order', 'code'], 'permissions': [('edit_catalogue', 'Can change plans and bundles')]},
        ),
        migrations.AddField(
            model_name='subscription',
            name='monthly_wallet_grant',
            field=models.DecimalField(db_default=0, decimal_places=6, default=0, max_digits=18),
        ),
        migrations.CreateModel(
            name='PlanVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('name', models.CharField(max_length=80)),
                ('price_monthly', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                ('price_yearly', models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True)),
                ('setup_fee', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ('trial_days', models.PositiveIntegerField(default=0)),
                ('monthly_wallet_grant', models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ('provider_ids', models.JSONField(blank=True, default=dict)),
                ('is_shipped', models.BooleanField()),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='billing.plan')),
                ('rate_card', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.ratecard')),
            ],
            options={
                'db_table': 'plan_versions',
                'ordering': ['plan', '-number'],
                'constraints': [models.UniqueConstraint(models.F('plan'), models.F('number'), name='plan_version_once')],
            },
        ),
        # Until now the grant was looked up on the plan.
        migrations.RunSQL(
            "UPDATE subscriptions SET monthly_wallet_grant = p.monthly_wallet_grant"
            " FROM billing_plans p WHERE p.id = plan_id",
            migrations.RunSQL.noop,
        ),
    ]
