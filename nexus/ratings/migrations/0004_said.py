from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ratings', '0003_skipped_movies'),
    ]

    operations = [
        migrations.CreateModel(
            name='Said',
            fields=[
                ('user_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('version', models.UUIDField()),
            ],
        ),
    ]
