"""Tell all processes of every change of the catalogue: see nexus/catalog/changes.py."""

from django.db import migrations

TABLES = (
    "catalog_credit",
    "catalog_genre",
    "catalog_keyword",
    "catalog_movie",
    "catalog_movie_keywords",
    "catalog_movietext",
    "catalog_person",
)
FUNCTION = """
CREATE OR REPLACE FUNCTION catalog_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('nexus_catalogue', '');
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE OR REPLACE TRIGGER tell_change
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION catalog_tell_change()
"""


class Migration(migrations.Migration):
    # A table at a time: who locks several while films are stored may wait for ever.
    atomic = False

    dependencies = [
        ('catalog', '0006_list_indexes'),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, 'DROP FUNCTION IF EXISTS catalog_tell_change()'),
        *(
            migrations.RunSQL(
                TRIGGER.format(table=table),
                f'DROP TRIGGER IF EXISTS tell_change ON {table}',
            )
            for table in TABLES
        ),
    ]
