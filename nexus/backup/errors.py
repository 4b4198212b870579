"""Why there is no backup, or why it was not restored."""

from nexus.lib.errors import ConflictError, InvalidError, UnavailableError


class Refused(InvalidError):
    """Another call is needed; `about` is the part of this one that is in the way."""

    about = "path"

    def __init__(self, message: str) -> None:
        super().__init__(message, field=self.about)


class UnusableBackup(Refused):
    """The file is damaged, foreign, incomplete, or made by a newer version."""

    code = "unusable_backup"


class CannotBackUp(Refused):
    """There is nothing to back up, or no place for it."""

    code = "cannot_back_up"


class NotEmpty(Refused):
    """Somebody's data is where the backup would go."""

    code = "not_empty"


class NoFittingProgram(Refused):
    """PostgreSQL's programs here are not of the server's version."""

    code = "no_fitting_program"
    about = "database"


class ProgramFailed(UnavailableError):
    """One of PostgreSQL's programs ended with an error; its words are the message."""

    code = "program_failed"


class WentWrong(ConflictError):
    """What was restored is not what the backup says."""

    code = "restored_wrongly"
