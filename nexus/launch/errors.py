"""Why an installation cannot start, in one line that says what to do."""


class CannotStart(Exception):
    """Shown to the person at the terminal as it is."""
