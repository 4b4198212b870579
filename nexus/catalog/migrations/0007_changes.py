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
MAKE = """
CREATE FUNCTION catalog_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('nexus_catalogue', '');
    RETURN NULL;
END $$;
""" + "".join(
    f"""
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION catalog_tell_change();
"""
    for table in TABLES
)
UNMAKE = (
    "".join(f"DROP TRIGGER tell_change ON {table};\n" for table in TABLES)
    + "DROP FUNCTION catalog_tell_change();"
)


class Migration(migrations.Migration):
    dependencies = [
        ('catalog', '0006_list_indexes'),
    ]

    operations = [migrations.RunSQL(MAKE, UNMAKE)]
