"""PostgreSQL as Django speaks to it here."""
