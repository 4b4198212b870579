"""My profile, preferences and statistics, and what others show of theirs."""

from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from nexus.accounts.models import User
from nexus.accounts.operations import (
    delete_account,
    replace_profile,
    update_profile,
)
from nexus.accounts.queries import get_member, get_visible_profile
from nexus.api.endpoint import Endpoint, operation
from nexus.api.login_guard import guard_password
from nexus.api.reply import Reply
from nexus.api.shapes import accounts as shapes
from nexus.api.shapes.preferences import PreferencesInput, PreferencesOutput
from nexus.api.shapes.ratings import StatisticsOutput
from nexus.playlists.queries import count_playlists
from nexus.ratings import preferences
from nexus.ratings.queries import preferences_of
from nexus.ratings.statistics import statistics_of


class Profile(Endpoint):
    def answer(self, user: User) -> Reply:
        context = {"preferences": preferences_of(user=user, now=timezone.now())}
        return Reply(shapes.ProfileOutput(user, context=context).data)

    @operation("Read my profile", answers={200: shapes.ProfileOutput})
    def get(self, request: Request) -> Reply:
        return self.answer(get_member(user_id=self.user.pk))

    @operation(
        "Change parts of my profile",
        body=shapes.ProfileInput,
        answers={200: shapes.ProfileOutput},
    )
    def patch(self, request: Request) -> Reply:
        return self.answer(update_profile(user=self.user, changes=self.body))

    @operation(
        "Replace my profile: what is left out returns to its default, not `visibility`",
        body=shapes.ProfileReplacement,
        answers={200: shapes.ProfileOutput},
    )
    def put(self, request: Request) -> Reply:
        return self.answer(replace_profile(user=self.user, values=self.body))


class MyAccount(Profile):
    """The same profile, where the account can also end."""

    @operation(
        "Close my account; what is mine is erased unless I sign in within 14 days",
        body=shapes.PasswordInput,
        answers={204: None},
    )
    def delete(self, request: Request) -> Reply:
        password = self.body["password"]
        with guard_password(user_id=self.user.pk, told=self.told):
            delete_account(user=self.user, password=password, now=timezone.now())
        return Reply(status=204)


class PublicProfile(Endpoint):
    permission_classes = [AllowAny]

    @operation("Read a public profile", answers={200: shapes.PublicProfileOutput})
    def get(self, request: Request, username: str) -> Reply:
        user = get_visible_profile(viewer=self.viewer, username=username)
        return Reply(shapes.PublicProfileOutput(user).data)


class Preferences(Endpoint):
    def answer(self) -> Reply:
        found = preferences_of(user=self.user, now=timezone.now())
        return Reply(PreferencesOutput(found).data)

    def declared(self) -> preferences.Declared:
        return preferences.resolve(**self.body, now=timezone.now())

    @operation("Read my preferences", answers={200: PreferencesOutput})
    def get(self, request: Request) -> Reply:
        return self.answer()

    @operation(
        "Add preferences",
        body=PreferencesInput,
        answers={200: PreferencesOutput},
        failures=[502],
    )
    def post(self, request: Request) -> Reply:
        preferences.add(user=self.user, declared=self.declared())
        return self.answer()

    @operation(
        "Replace all preferences; a kind left out becomes empty",
        body=PreferencesInput,
        answers={200: PreferencesOutput},
        failures=[502],
    )
    def put(self, request: Request) -> Reply:
        wanted = {"genres": [], "people": [], "movies": []} | self.body
        declared = preferences.resolve(**wanted, now=timezone.now())
        preferences.replace(user=self.user, declared=declared)
        return self.answer()

    @operation(
        "Replace some kinds of preferences; a kind left out stays",
        body=PreferencesInput,
        answers={200: PreferencesOutput},
        failures=[502],
    )
    def patch(self, request: Request) -> Reply:
        preferences.replace(user=self.user, declared=self.declared())
        return self.answer()

    @operation("Clear all preferences", answers={204: None})
    def delete(self, request: Request) -> Reply:
        preferences.replace(user=self.user, declared=preferences.NOTHING)
        return Reply(status=204)


class Statistics(Endpoint):
    @operation("Add up my history and ratings", answers={200: StatisticsOutput})
    def get(self, request: Request) -> Reply:
        context = {"playlists_count": count_playlists(user=self.user)}
        found = statistics_of(user=self.user, now=timezone.now())
        return Reply(StatisticsOutput(found, context=context).data)
