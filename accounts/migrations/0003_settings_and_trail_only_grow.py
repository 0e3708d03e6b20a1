import django.db.models.deletion
from django.db import migrations, models

from servicebilling.lib import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_what_the_sign_up_form_said'),
    ]

    operations = [
        migrations.AlterField(
            model_name='setting',
            name='organization',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization'),
        ),
        append_only.protect("audit_entries"),
        append_only.protect("accounts_setting"),
    ]
