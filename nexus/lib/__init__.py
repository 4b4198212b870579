"""Errors and small helpers that know no Django, no models and no network."""
