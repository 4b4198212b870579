from django.db import migrations

# Entries from before were told apart by their subject only.
RENAME = """
UPDATE accounts_auditentry SET action = split_part(subject, ' ', 1)
  || CASE action WHEN 'hide' THEN '_hidden' ELSE '_shown' END
  WHERE action IN ('hide', 'show');
UPDATE accounts_auditentry SET action = replace(action, 'rating_', 'review_')
  WHERE action LIKE 'rating\\_%%';
"""

# TRUNCATE stays possible, for whoever owns the table: tests empty it so.
REFUSE = """
CREATE FUNCTION accounts_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Who leaves is forgotten; what was done stays.
  IF TG_OP = 'UPDATE'
    AND to_jsonb(NEW) - 'actor_id' - 'member_id' - 'subject'
      = to_jsonb(OLD) - 'actor_id' - 'member_id' - 'subject'
    AND (NEW.actor_id IS NULL OR NEW.actor_id = OLD.actor_id)
    AND (NEW.member_id IS NULL OR NEW.member_id = OLD.member_id)
    -- The subject names a row of the member's: it goes with them, and only then.
    AND (NEW.subject = OLD.subject OR NEW.subject = ''
      AND NEW.member_id IS NULL AND OLD.member_id IS NOT NULL)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER accounts_audit_is_append_only
  BEFORE UPDATE OR DELETE ON accounts_auditentry
  FOR EACH ROW EXECUTE FUNCTION accounts_audit_is_append_only();
"""

UNDO = """
DROP TRIGGER accounts_audit_is_append_only ON accounts_auditentry;
DROP FUNCTION accounts_audit_is_append_only();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_access'),
    ]

    operations = [
        migrations.RunSQL(RENAME, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE, UNDO),
    ]
