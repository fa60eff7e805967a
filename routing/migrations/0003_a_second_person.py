import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('routing', '0002_versions'),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name='ruleset',
            trigger=pgtrigger.compiler.Trigger(name='was_in_force', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."document" IS DISTINCT FROM (NEW."document") AND OLD."status" IN (\'published\', \'retired\'))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='40ff27eebe32bab1f6d1463eb47708ac082f1374', operation='UPDATE', pgid='pgtrigger_was_in_force_230e5', table='routing_ruleset', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleset',
            trigger=pgtrigger.compiler.Trigger(name='kept', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='a3bdeb257329049600ab2712d1bbd457868dee69', operation='DELETE', pgid='pgtrigger_kept_e27dd', table='routing_ruleset', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='ruleset',
            constraint=models.CheckConstraint(condition=models.Q(('published_by', None), models.Q(models.Q(('published_by', models.F('author')), _negated=True), models.Q(('published_by', models.F('submitted_by')), _negated=True)), _connector='OR'), name='routing_second_person'),
        ),
    ]
