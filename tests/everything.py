"""Members of whom everything is held that can be held."""

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test import Client
from django.utils import timezone

from nexus.accounts.models import Role, Session, User
from nexus.accounts.sessions import GRACE
from nexus.catalog.models import Movie, Person
from nexus.playlists.models import Playlist
from nexus.ratings.models import Rating
from tests.builders import PASSWORD, make_genres, make_movie, make_person, make_user
from tests.client import Answer, Api
from tests.tokens import refresh, sign_in

TITLES = ("=1+1", "Brazil; @home", 'Amélie, "l\'été"')
PROFILE = {
    "bio": "Compiles.\nWatches films.",
    "region": "US",
    "language": "en-US",
    "timezone": "America/New_York",
}
REVIEW = '+ "Nanoseconds", she said.\r\nBravo'


@dataclass(frozen=True)
class World:
    """What members have in common."""

    movies: list[Movie]
    person: Person
    moderator: User
    moderator_api: Api
    colleague: User  # another admin


def make_world() -> World:
    make_genres()
    moderator = make_user("judge-dredd", role=Role.MODERATOR)
    return World(
        movies=[make_movie(title=title) for title in TITLES],
        person=make_person("Agnès Varda"),
        moderator=moderator,
        moderator_api=Api(moderator),
        colleague=make_user("other-admin", role=Role.ADMIN),
    )


def give_everything(user: User, world: World) -> Api:
    """Have the member, an admin, do all that they can, and something done to them."""
    api = Api(user)
    done(api.patch("/api/user/profile/", PROFILE))
    say(api, world)
    collect(api, world)
    suffer_moderation(user, world)
    lose_a_session(user)
    wanted = {"new_email": f"new-{user.email}", "password": PASSWORD}
    done(api.post("/api/auth/email/change/", wanted))
    administrate(user, world)
    finish_some_jobs()
    return api


def done(answer: Answer) -> Any:
    assert answer.status < 300, answer
    return answer.json if answer.status != 204 else None


def say(api: Api, world: World) -> None:
    first, second, third = (movie.pk for movie in world.movies)
    said = {"review": REVIEW, "contains_spoilers": True}
    done(api.post("/api/ratings/", {"movie": first, "stars": 4.5} | said))
    done(api.post("/api/ratings/", {"movie": second, "stars": 2, "review": "Moths!"}))
    done(api.post("/api/ratings/", {"movie": third, "stars": 1}))
    for day in ("1999-12-31", None):
        done(api.post("/api/user/history/", {"movie": first, "watched_on": day}))
    done(api.post("/api/user/hidden/", {"movie": third}))
    done(api.post("/api/user/onboarding/skips/", {"movie": second}))
    liked = {"genres": [18, 878], "people": [world.person.pk], "movies": [second]}
    done(api.put("/api/user/preferences/", liked))


def collect(api: Api, world: World) -> None:
    first, second, _ = (movie.pk for movie in world.movies)
    named = {"name": "@Bugs", "description": "With wings", "visibility": "public"}
    made = done(api.post("/api/playlists/", named | {"movies": [second]}))
    item = {"movie": first, "note": "-in the relay"}
    done(api.post(f"/api/playlists/{made['id']}/items/", item))
    done(api.post("/api/playlists/", {"name": "Nothing yet"}))


def suffer_moderation(user: User, world: World) -> None:
    rating = Rating.objects.get(user=user, movie=world.movies[1])
    playlist = Playlist.objects.get(owner=user, name="@Bugs")
    for path in (f"/api/ratings/{rating.pk}/", f"/api/playlists/{playlist.pk}/"):
        done(world.moderator_api.put(f"{path}hidden/", {"reason": "Not a moth."}))


def lose_a_session(user: User) -> None:
    """Have a thief use a refresh token of theirs a second time."""
    stolen = sign_in(user.username)["refresh"]
    refresh(stolen)
    session = Session.objects.filter(user=user, generation=2)
    session.update(last_used_at=timezone.now() - GRACE)
    assert refresh(stolen).code == "refresh_token_reused"


def administrate(user: User, world: World) -> None:
    """Sign in to the pages for administration; change somebody there, be changed."""
    Client().force_login(user)
    for actor, changed in ((user, world.colleague), (world.colleague, user)):
        found = User.objects.filter(pk=changed.pk)
        LogEntry.objects.log_actions(actor.pk, found, CHANGE, "Changed the name.")


def finish_some_jobs() -> None:
    """Leave waiting, done and failed ones in the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = CASE task_name"
            " WHEN 'send_leave_address' THEN 'failed' ELSE 'succeeded' END"
            "::procrastinate_job_status"
            " WHERE task_name IN ('send_leave_address', 'send_take_address')"
        )
