"""Let the database itself refuse changes to the ledger."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from comity.ledger.engines import trigger_statements


def add_triggers(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in trigger_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(add_triggers, migrations.RunPython.noop)]
