from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("message_id", models.UUIDField()),
                ("conversation", models.UUIDField()),
                ("seq", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("attachments", models.JSONField(default=list)),
            ],
        ),
    ]
