"""Looks at an installation, names what is wrong with it, and says what to do."""
