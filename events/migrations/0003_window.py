from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_stream_head")]

    operations = [
        migrations.AddField(
            model_name="stream", name="floor", field=models.BigIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="stream",
            name="origin",
            field=models.CharField(blank=True, default="", max_length=80),
        ),
        migrations.RemoveIndex(model_name="event", name="events_by_topic"),
    ]
