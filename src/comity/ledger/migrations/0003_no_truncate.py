"""Let PostgreSQL refuse TRUNCATE of the ledger too; row triggers do not see it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from comity.ledger.engines import truncate_statements


def add_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in truncate_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
