"""A new version of what a member said with every change of it: see Said."""

from django.db import migrations

TABLES = (
    "ratings_rating",
    "ratings_viewing",
    "ratings_hiddenmovie",
    "ratings_genrepreference",
    "ratings_moviepreference",
    "ratings_personpreference",
)
# Of a row that changes hands the old owner is told as well. Who says something new waits
# for the member's row first, as the foreign key would have them do at last: whoever erases
# the member has that row, and would come for the version while they held it.
NOTE = """
CREATE OR REPLACE FUNCTION ratings_note_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM FROM accounts_user WHERE id = NEW.user_id FOR KEY SHARE;
    END IF;
    INSERT INTO ratings_said (user_id, version)
    VALUES (coalesce(NEW.user_id, OLD.user_id), gen_random_uuid())
    ON CONFLICT (user_id) DO UPDATE SET version = excluded.version;
    IF TG_OP = 'UPDATE' AND OLD.user_id <> NEW.user_id THEN
        INSERT INTO ratings_said (user_id, version)
        VALUES (OLD.user_id, gen_random_uuid())
        ON CONFLICT (user_id) DO UPDATE SET version = excluded.version;
    END IF;
    RETURN NULL;
END $$
"""
NOTE_TRIGGER = """
CREATE OR REPLACE TRIGGER note_said
AFTER INSERT OR UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION ratings_note_said()
"""
# No foreign key: what a member said is deleted before them, and that is noted, too.
FORGET = """
CREATE OR REPLACE FUNCTION ratings_forget_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM ratings_said WHERE user_id = OLD.id;
    RETURN NULL;
END $$
"""
FORGET_TRIGGER = """
CREATE OR REPLACE TRIGGER forget_said
AFTER DELETE ON accounts_user
FOR EACH ROW EXECUTE FUNCTION ratings_forget_said()
"""


class Migration(migrations.Migration):
    # A table at a time: who locks several while members write may wait for ever.
    atomic = False

    dependencies = [
        ('accounts', '0001_initial'),
        ('ratings', '0004_said'),
    ]

    operations = [
        migrations.RunSQL(FORGET, 'DROP FUNCTION IF EXISTS ratings_forget_said()'),
        migrations.RunSQL(
            FORGET_TRIGGER, 'DROP TRIGGER IF EXISTS forget_said ON accounts_user'
        ),
        migrations.RunSQL(NOTE, 'DROP FUNCTION IF EXISTS ratings_note_said()'),
        *(
            migrations.RunSQL(
                NOTE_TRIGGER.format(table=table),
                f'DROP TRIGGER IF EXISTS note_said ON {table}',
            )
            for table in TABLES
        ),
    ]
