"""The sequence behind the registration numbers: concurrent registrations never wait for each other."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("intake", "0002_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE intake_application_number START 1",
            "DROP SEQUENCE intake_application_number",
        )
    ]
