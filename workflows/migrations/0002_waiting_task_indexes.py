"""Partial indexes the engine lacks: without them every queue question reads the whole task history."""

from django.db import migrations

QUEUE = """CREATE INDEX workflows_waiting ON viewflow_task (owner_permission, flow_task, created)
    WHERE flow_task_type = 'HUMAN' AND status IN ('NEW', 'ASSIGNED')"""
UNFINISHED = "CREATE INDEX workflows_unfinished ON viewflow_process (flow_class, created) WHERE finished IS NULL"
CHILDREN = "CREATE INDEX workflows_children ON viewflow_process (parent_task_id) WHERE finished IS NULL"


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial"), ("viewflow", "0015_task_scheduled")]

    operations = [
        migrations.RunSQL(QUEUE, "DROP INDEX workflows_waiting"),
        migrations.RunSQL(UNFINISHED, "DROP INDEX workflows_unfinished"),
        migrations.RunSQL(CHILDREN, "DROP INDEX workflows_children"),
    ]
