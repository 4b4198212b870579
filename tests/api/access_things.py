"""What the rows of docs/access.md name in braces. All of it is the owner's.

Each thing is made for one request. A new kind of thing is one line of THINGS, by the
part of the path before it and its name.
"""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from nexus.accounts import access, audit, sessions
from nexus.accounts.models import AuditEntry, User, Visibility
from nexus.catalog.models import Movie
from nexus.playlists.models import PlaylistVisibility
from nexus.queue import do_later
from nexus.ratings.models import HiddenMovie, SkippedMovie
from tests.builders import (
    NOW,
    fill_playlist,
    make_genres,
    make_movie,
    make_person,
    make_playlist,
    make_rating,
    make_viewing,
)

STORED, ALSO_STORED, TAKEN_BACK = 603, 604, 605
AT_TMDB, UNKNOWN = 155, 999_999_999
OF_TMDB, BY_NAME_ONLY = 6384, -1
HIDDEN: Final = {"hidden_at": NOW, "hidden_reason": "Rude."}

# By name: "owner", "member", "moderator", "admin".
People = dict[str, User]
Maker = Callable[[People], object]


def make_catalogue() -> None:
    make_genres()
    make_movie(STORED)
    make_movie(ALSO_STORED)
    make_movie(TAKEN_BACK, removed_at=NOW)
    make_person("Keanu Reeves", person_id=OF_TMDB)
    make_person("K. Reeves", person_id=BY_NAME_ONLY)


def stored_movie() -> Movie:
    return Movie(pk=STORED)


def playlist(visibility: PlaylistVisibility, **values: Any) -> Maker:
    def make(people: People) -> object:
        made = make_playlist(people["owner"], visibility=visibility, **values)
        fill_playlist(made, stored_movie())
        return made.pk

    return make


def rating(**values: Any) -> Maker:
    return lambda people: (
        make_rating(people["owner"], stored_movie(), review="Rude.", **values).pk
    )


def named(username: str) -> Maker:
    return lambda people: username


def after(change: Callable[[People], None], make: Maker) -> Maker:
    """Make the thing, then change its owner."""

    def make_and_change(people: People) -> object:
        made = make(people)
        change(people)
        return made

    return make_and_change


def go_private(people: People) -> None:
    User.objects.filter(pk=people["owner"].pk).update(visibility=Visibility.PRIVATE)


def be_shut_out(people: People) -> None:
    change_access(people["owner"], is_active=False)


def leave(people: People) -> None:
    change_access(people["owner"], closed_at=timezone.now())


def change_access(user: User, **values: Any) -> None:
    User.objects.filter(pk=user.pk).update(**values)
    access.outdate_tokens(user)


def make_session(people: People) -> object:
    sign_in = sessions.open_session(
        user=people["owner"], device="", address="", now=timezone.now()
    )
    return sign_in.session.pk


def make_audit_entry(people: People) -> object:
    audit.record("shut_out", member=people["owner"], now=NOW)
    return AuditEntry.objects.latest("id").pk


def make_job(people: People) -> object:
    do_later("send_verification", arguments={"user_id": people["owner"].pk})
    return ProcrastinateJob.objects.latest("id").pk


def rate(people: People) -> object:
    make_rating(people["owner"], stored_movie())
    return STORED


def hide_movie(people: People) -> HiddenMovie:
    return HiddenMovie.objects.create(
        user=people["owner"], movie=stored_movie(), created_at=NOW
    )


def skip_movie(people: People) -> object:
    SkippedMovie.objects.create(
        user=people["owner"], movie=stored_movie(), created_at=NOW
    )
    return STORED


THINGS: dict[str, Maker] = {
    "sessions/{the owner's}": make_session,
    "history/{the owner's}": lambda people: (
        make_viewing(people["owner"], stored_movie()).pk
    ),
    "hidden/{hidden by the owner}": lambda people: hide_movie(people).movie_id,
    "skips/{skipped by the owner}": skip_movie,
    "profiles/{public}": named("owner"),
    "profiles/{private}": after(go_private, named("owner")),
    "profiles/{of one shut out}": after(be_shut_out, named("owner")),
    "profiles/{of one who leaves}": after(leave, named("owner")),
    "users/{a member}": named("owner"),
    "users/{one shut out}": after(be_shut_out, named("owner")),
    "users/{the only admin}": named("admin1"),
    "users/{nobody}": named("nobody"),
    "movies/{stored}": lambda people: STORED,
    "movies/{at TMDb}": lambda people: AT_TMDB,
    "movies/{unknown to TMDb}": lambda people: UNKNOWN,
    "movies/{taken back by TMDb}": lambda people: TAKEN_BACK,
    "movies/{rated by the owner}": rate,
    "ratings/{of a public profile}": rating(),
    "ratings/{of a private profile}": after(go_private, rating()),
    "ratings/{review hidden by a moderator}": rating(**HIDDEN),
    "ratings/{of a private profile, review hidden}": after(
        go_private, rating(**HIDDEN)
    ),
    "ratings/{of one shut out}": after(be_shut_out, rating()),
    "ratings/{of one shut out, review hidden}": after(be_shut_out, rating(**HIDDEN)),
    "ratings/{of one who leaves}": after(leave, rating()),
    "playlists/{private}": playlist(PlaylistVisibility.PRIVATE),
    "playlists/{unlisted}": playlist(PlaylistVisibility.UNLISTED),
    "playlists/{public}": playlist(PlaylistVisibility.PUBLIC),
    "playlists/{hidden by a moderator}": playlist(PlaylistVisibility.PUBLIC, **HIDDEN),
    "playlists/{private, once hidden}": playlist(PlaylistVisibility.PRIVATE, **HIDDEN),
    "playlists/{of one shut out}": after(
        be_shut_out, playlist(PlaylistVisibility.PUBLIC)
    ),
    "playlists/{of one who leaves}": after(leave, playlist(PlaylistVisibility.PUBLIC)),
    "items/{in it}": lambda people: STORED,
}

# In the administration a path names the model before the row.
ROWS: dict[str, Maker] = {
    "accounts/auditentry": make_audit_entry,
    "accounts/session": make_session,
    "accounts/user": lambda people: people["owner"].pk,
    "auth/group": lambda people: Group.objects.get(name="moderator").pk,
    "catalog/genre": lambda people: 28,
    "catalog/movie": lambda people: STORED,
    "catalog/person": lambda people: OF_TMDB,
    "playlists/playlist": playlist(PlaylistVisibility.PRIVATE),
    "procrastinate/procrastinatejob": make_job,
    "ratings/hiddenmovie": lambda people: hide_movie(people).pk,
    "ratings/rating": after(go_private, rating()),
    "ratings/viewing": lambda people: make_viewing(people["owner"], stored_movie()).pk,
}
MODELS: Final = [model._meta.label_lower.split(".") for model in admin.site._registry]
THINGS |= {
    f"{name}/{{a row}}": ROWS[f"{app}/{name}"]
    for app, name in MODELS
    if f"{app}/{name}" in ROWS
}
THINGS |= {f"admin/{{{app}}}": named(app) for app, _ in MODELS}
THINGS |= {
    "user/{the only admin}": lambda people: people["admin"].pk,
    "person/{known by name only}": lambda people: BY_NAME_ONLY,
    "r/{a kind}": lambda people: ContentType.objects.get_for_model(User).pk,
    "{a kind}/{a row}": lambda people: people["owner"].pk,
    "admin/{no page}": named("nothing"),
}


def fill(path: str, people: People) -> str:
    """Put into the path what its braces name, made now."""
    parts = path.split("/")
    return "/".join(
        str(THINGS[f"{before}/{part}"](people)) if part.startswith("{") else part
        for before, part in zip(["", *parts], parts, strict=False)
    )
