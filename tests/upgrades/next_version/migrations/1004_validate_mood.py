"""Look at what is there, while everybody writes."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ratings", "1003_constrain_mood")]

    operations = [ValidateConstraint("rating", "rating_has_mood")]
