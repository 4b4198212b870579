"""`promote`: gives a member a role from the command line, also the first admin's."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Q
from django.utils import timezone

from nexus.accounts.audit import LONGEST_REASON
from nexus.accounts.models import Role, User
from nexus.accounts.roles import change_role, make_missing_groups
from nexus.console import OwnCommand
from nexus.lib.errors import NexusError


class Command(OwnCommand):
    help = (
        "Give a member a role. It counts from their next request on; where the running "
        "server has a VALKEY_URL that this command was not given, after half a minute."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("member", metavar="USERNAME_OR_EMAIL")
        parser.add_argument("role", metavar="ROLE", help=", ".join(Role.values))
        parser.add_argument(
            "--reason", metavar="TEXT", default="", help="Kept in the audit log."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        make_missing_groups()
        user, role = find_user(options["member"]), role_named(options["role"])
        if user.role == role:
            self.stdout.write(f"{user.username} is {role} already.")
            return
        try:
            change_role(
                actor=None,
                user_id=user.pk,
                role=role,
                reason=checked(options["reason"]),
                now=timezone.now(),
            )
        except NexusError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.username} is {role} now, and was {user.role}.")


def find_user(login: str) -> User:
    named = Q(email=login.lower()) | Q(username__iexact=login)
    user = User.objects.filter(named).first()
    if user is None:
        raise CommandError(f"There is no member {login!r:.80}.")
    return user


def role_named(word: str) -> Role:
    try:
        return Role(word)
    except ValueError as error:
        legal = ", ".join(Role.values)
        raise CommandError(
            f"There is no role {word!r:.80}; there are {legal}."
        ) from error


def checked(reason: str) -> str:
    if len(reason) > LONGEST_REASON:
        raise CommandError(f"A reason has at most {LONGEST_REASON} characters.")
    return reason
