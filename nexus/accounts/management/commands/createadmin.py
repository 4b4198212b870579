"""`createadmin`: makes the account of an administrator, also the first account of all.

Exit codes: 0 done, 2 it cannot be done so, 130 Ctrl-C.
"""

import json
import sys
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from typing import Any, NoReturn

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from nexus.accounts.models import User
from nexus.accounts.roles import make_missing_groups
from nexus.console import CANNOT_BE_DONE, OwnCommand, in_one_line


class Command(OwnCommand):
    help = (
        "Make the account of an administrator. The password is asked for, or read from "
        "a file or the standard input. Exit codes: 0 done, 2 it cannot be done so."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("email", metavar="EMAIL", help="To sign in with.")
        parser.add_argument(
            "--password-file",
            type=Path,
            metavar="FILE",
            help="Its first line is the password.",
        )
        parser.add_argument(
            "--json", action="store_true", help="Tell the account in JSON."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with in_one_line():
                user = self.create(options)
        except KeyboardInterrupt:
            self.stderr.write("Interrupted; nothing was changed.", style_func=str)
            sys.exit(130)
        told = f"{user.username} is an administrator; sign in as {user.email}."
        body = {"id": user.pk, "username": user.username, "email": user.email}
        self.stdout.write(json.dumps(body) if options["json"] else told)

    def create(self, options: dict[str, Any]) -> User:
        make_missing_groups()
        username, email = options["username"], options["email"].lower()
        user = User(username=username, email=email, name=username)
        try:
            user.clean_fields(exclude=["password"])
            password = read_password(options["password_file"])
            validate_password(password, user)
            return User.objects.create_superuser(username, email, password)
        except ValidationError as error:
            refuse(" ".join(error.messages), error)


def read_password(path: Path | None) -> str:
    """Return the password; a person types it twice, since it is not shown."""
    if path is not None:
        try:
            return first_line(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            refuse(f"{path} cannot be read as text.", error)
    if not sys.stdin.isatty():
        return first_line(sys.stdin.read())
    password = getpass("Password: ")
    if getpass("The same again: ") != password:
        refuse("They are not the same; nothing was changed.")
    return password


def first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip("\r")


def refuse(message: str, cause: Exception | None = None) -> NoReturn:
    raise CommandError(message, returncode=CANNOT_BE_DONE) from cause
