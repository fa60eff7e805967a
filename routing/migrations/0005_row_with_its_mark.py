from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0004_source'),
    ]

    operations = [
        migrations.AlterField(
            model_name='ruleedit',
            name='row',
            field=models.CharField(max_length=41),
        ),
    ]
