"""`doctor` has something to say also where nothing can start."""

import sys

from nexus.doctor.env_file import env_file
from nexus.doctor.findings import exit_code, tell, wrong
from nexus.env import WrongVariable
from nexus.launch.child import django
from nexus.launch.errors import CannotStart
from nexus.lib.home import Home

NO_DATABASE = "There is no database yet."


def examine_without_settings(words: list[str], error: WrongVariable) -> int:
    """Tell what is known: the value, and lines of `.env` that may be why."""
    remedy = "Correct it, in the environment or in .env; .env.example explains each."
    findings = [wrong("settings", str(error), remedy=remedy), *env_file()]
    sys.stdout.write(tell(findings, for_programs="--json" in words) + "\n")
    return exit_code(findings)


def examine_without_database(words: list[str], error: CannotStart) -> int:
    return django([*words, "--database-fault", str(error)])


def has_database(home: Home) -> bool:
    """Say whether there is one to look at: looking is no reason to make it."""
    try:
        return home.postgres_dir.exists()
    except OSError:
        return True  # and it will be said why it cannot be used
