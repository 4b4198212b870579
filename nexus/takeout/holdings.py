"""What is held of a member: which columns of which tables they get, and which not.

Every table that leads to a member stands here with every column, told or left out.
"""

from typing import Final

from django.contrib.admin.models import LogEntry
from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Cast, Concat, Now

from nexus.accounts.models import AuditEntry, EmailChange, Session, User
from nexus.catalog.expiry import unexpired
from nexus.playlists.models import Playlist, PlaylistItem
from nexus.ratings.models import (
    GenrePreference,
    HiddenMovie,
    MoviePreference,
    PersonPreference,
    Rating,
    SkippedMovie,
    Viewing,
)
from nexus.takeout.sources import Holding, Source

ROW_NUMBER: Final = "a number inside the database that nothing else names"
# Where our copy of the film is too old to be told, it is called as a purged one.
FILM_TITLE: Final = Case(
    When(unexpired(Now(), "movie__"), then=F("movie__title")),
    default=Concat(Value("Film "), Cast("movie_id", CharField())),
)
ACTIONS: Final = {1: "added", 2: "changed", 3: "deleted"}  # Django's flags


def in_stars(half_stars: int, _: int) -> float:
    return half_stars / 2


def is_you(found_id: int | None, user_id: int) -> bool:
    return found_id == user_id


def in_words(flag: int, _: int) -> str:
    return ACTIONS[flag]


def is_account(user_id: int) -> Q:
    """Match what the administration's log says of the member's account."""
    kind = {"content_type__app_label": "accounts", "content_type__model": "user"}
    return Q(object_id=str(user_id), **kind)


ACCOUNT = Holding(
    name="account",
    about="your account and your profile",
    is_single=True,
    sources=(
        Source(
            model=User,
            members=("pk",),
            order=("pk",),
            columns={
                "id": "id",
                "username": "username",
                "email": "email",
                "name": "name",
                "role": "role",
                "is_active": "is_active",
                "is_verified": "is_verified",
                "created_at": "created_at",
                "last_login_at": "last_login",
                "closed_at": "closed_at",
                "bio": "bio",
                "region": "region",
                "language": "language",
                "timezone": "timezone",
                "visibility": "visibility",
            },
            left_out={
                "password": "kept as a hash, which would help to guess it",
                "token_version": "a counter that tells old tokens from new ones",
            },
        ),
    ),
)

EMAIL_CHANGE = Holding(
    name="email_change",
    about="a new mail address that waits to be confirmed",
    is_single=True,
    sources=(
        Source(
            model=EmailChange,
            order=("pk",),
            columns={
                "new_email": "new_email",
                "requested_at": "requested_at",
                "old_confirmed_at": "old_confirmed_at",
                "new_confirmed_at": "new_confirmed_at",
            },
            left_out={"id": ROW_NUMBER},
        ),
    ),
)

PREFERENCES = Holding(
    name="preferences",
    about="the genres, people and films you said you like",
    sources=(
        Source(
            model=GenrePreference,
            order=("genre_id",),
            columns={"kind": Value("genre"), "id": "genre_id", "name": "genre__name"},
            left_out={"id": ROW_NUMBER},
        ),
        Source(
            model=PersonPreference,
            order=("person_id",),
            columns={
                "kind": Value("person"),
                "id": "person_id",
                "name": "person__name",
            },
            left_out={"id": ROW_NUMBER},
        ),
        Source(
            model=MoviePreference,
            order=("movie_id",),
            columns={"kind": Value("movie"), "id": "movie_id", "name": FILM_TITLE},
            left_out={"id": ROW_NUMBER},
        ),
    ),
)

RATINGS = Holding(
    name="ratings",
    about="your ratings and reviews, and whether a moderator hid a review, and why",
    sources=(
        Source(
            model=Rating,
            order=("created_at", "id"),
            columns={
                "id": "id",
                "movie_id": "movie_id",
                "movie_title": FILM_TITLE,
                "stars": "half_stars",
                "review": "review",
                "contains_spoilers": "contains_spoilers",
                "created_at": "created_at",
                "updated_at": "updated_at",
                "review_hidden_at": "hidden_at",
                "review_hidden_reason": "hidden_reason",
            },
            convert={"stars": in_stars},
        ),
    ),
)

HISTORY = Holding(
    name="history",
    about="the films you watched; without a day: some time",
    sources=(
        Source(
            model=Viewing,
            order=("created_at", "id"),
            columns={
                "id": "id",
                "movie_id": "movie_id",
                "movie_title": FILM_TITLE,
                "watched_on": "watched_on",
                "created_at": "created_at",
            },
        ),
    ),
)


def films_noted(
    name: str, *, about: str, model: type[HiddenMovie | SkippedMovie]
) -> Holding:
    """Films of which a member noted one thing, and when."""
    source = Source(
        model=model,
        order=("created_at", "id"),
        columns={
            "movie_id": "movie_id",
            "movie_title": FILM_TITLE,
            "created_at": "created_at",
        },
        left_out={"id": ROW_NUMBER},
    )
    return Holding(name=name, about=about, sources=(source,))


HIDDEN_MOVIES = films_noted(
    "hidden_movies",
    about="the films you do not want recommended",
    model=HiddenMovie,
)

SKIPPED_MOVIES = films_noted(
    "skipped_movies",
    about="the films you had not seen when you were asked to rate them",
    model=SkippedMovie,
)

PLAYLISTS = Holding(
    name="playlists",
    about="your playlists, and whether a moderator hid one, and why",
    sources=(
        Source(
            model=Playlist,
            members=("owner",),
            order=("created_at", "id"),
            columns={
                "id": "id",
                "name": "name",
                "description": "description",
                "visibility": "visibility",
                "created_at": "created_at",
                "updated_at": "updated_at",
                "hidden_at": "hidden_at",
                "hidden_reason": "hidden_reason",
            },
            left_out={"version": "a counter of changes"},
        ),
    ),
)

PLAYLIST_ITEMS = Holding(
    name="playlist_items",
    about="the films in your playlists, in your order and with your notes",
    sources=(
        Source(
            model=PlaylistItem,
            members=("playlist__owner",),
            order=("playlist__created_at", "playlist_id", "position"),
            columns={
                "playlist_id": "playlist_id",
                "playlist_name": "playlist__name",
                "position": "position",
                "movie_id": "movie_id",
                "movie_title": FILM_TITLE,
                "note": "note",
                "added_at": "added_at",
            },
            left_out={"id": ROW_NUMBER},
        ),
    ),
)

SESSIONS = Holding(
    name="sessions",
    about="where you are or were signed in: what the device called itself, the network "
    "it came from, and when",
    sources=(
        Source(
            model=Session,
            order=("created_at", "id"),
            columns={
                "id": "id",
                "device": "device",
                "address_prefix": "address_prefix",
                "created_at": "created_at",
                "last_used_at": "last_used_at",
                "expires_at": "expires_at",
                "ended_at": "ended_at",
            },
            left_out={
                "refresh_hash": "the fingerprint of a key to your account",
                "spent_hash": "the fingerprint of a key to your account",
                "generation": "a counter of uses",
            },
        ),
    ),
)

AUDIT = Holding(
    name="audit",
    about="what was done to your access or to what you published, and what you did "
    "about others' if you moderate",
    sources=(
        Source(
            model=AuditEntry,
            members=("actor", "member"),
            order=("created_at", "id"),
            columns={
                "created_at": "created_at",
                "action": "action",
                "by_you": "actor_id",
                "about_you": "member_id",
                "subject": "subject",
                "reason": "reason",
            },
            convert={"by_you": is_you, "about_you": is_you},
            left_out={"id": ROW_NUMBER},
        ),
    ),
)

ADMIN_LOG = Holding(
    name="admin_log",
    about="what was changed of your account in the pages for administration, and what "
    "you changed there",
    sources=(
        Source(
            model=LogEntry,
            also=is_account,
            order=("action_time", "id"),
            columns={
                "created_at": "action_time",
                "action": "action_flag",
                "by_you": "user_id",
                "kind": "content_type__model",
                "object_id": "object_id",
            },
            convert={"action": in_words, "by_you": is_you},
            left_out={
                "id": ROW_NUMBER,
                "object_repr": "may name other members",
                "change_message": "may name other members",
            },
        ),
    ),
)

HOLDINGS: Final = (
    ACCOUNT,
    EMAIL_CHANGE,
    PREFERENCES,
    RATINGS,
    HISTORY,
    HIDDEN_MOVIES,
    SKIPPED_MOVIES,
    PLAYLISTS,
    PLAYLIST_ITEMS,
    SESSIONS,
    AUDIT,
    ADMIN_LOG,
)
