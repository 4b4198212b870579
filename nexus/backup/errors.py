"""Why there is no backup, or why nothing was restored."""

from nexus.lib.errors import InvalidError, UnavailableError


class UnusableBackup(InvalidError):
    """The file is damaged, foreign, incomplete, or made by a newer version."""

    code = "unusable_backup"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="path")


class CannotBackUp(InvalidError):
    """There is nothing to back up, or no place for it."""

    code = "cannot_back_up"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="path")


class NotEmpty(InvalidError):
    """Somebody's data is where the backup would go."""

    code = "not_empty"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="path")


class NoFittingProgram(InvalidError):
    """PostgreSQL's programs here are not of the server's version."""

    code = "no_fitting_program"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="database")


class ProgramFailed(UnavailableError):
    """One of PostgreSQL's programs ended with an error; its words are the message."""

    code = "program_failed"
