"""Say of each condition for which cases its item came: those whose teams held it then."""

from typing import Any

from django.db import migrations


def name_cases(apps: Any, _editor: Any) -> None:
    conditions = apps.get_model("evidence", "UseCondition")
    access = apps.get_model("evidence", "ItemAccess")
    for condition in conditions.objects.all():
        held = access.objects.filter(
            item=condition.item_id, kind="case", since__lte=condition.at
        ).values_list("record", flat=True)
        condition.cases = sorted(str(record) for record in held)
        condition.save(update_fields=["cases"])


class Migration(migrations.Migration):
    dependencies = [("evidence", "0002_conditions_of_use")]

    operations = [migrations.RunPython(name_cases, migrations.RunPython.noop)]
