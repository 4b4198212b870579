"""What a member can say of films, and take back."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from nexus.accounts import audit
from nexus.accounts.models import User
from nexus.accounts.permissions import require_permission
from nexus.accounts.queries import lock_members
from nexus.catalog.models import Movie
from nexus.database.kept import kept_cursor
from nexus.lib.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from nexus.ratings.models import HIDE_REVIEW, HiddenMovie, Rating, Viewing
from nexus.ratings.queries import RatingNotFound, ViewingNotFound

A_DAY = timedelta(days=1)


class NotYourRating(ForbiddenError):
    def __init__(self) -> None:
        super().__init__("Only the member who wrote a rating may change it.")


class NoReview(ConflictError):
    code = "no_review"


class FutureDay(InvalidError):
    code = "future_day"


class MovieNotHidden(NotFoundError):
    code = "movie_not_hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of a film; None leaves what was said earlier as it is."""

    half_stars: int | None
    review: str | None = None
    contains_spoilers: bool | None = None

    def values(self) -> dict[str, object]:
        return {
            name: value
            for name in ("half_stars", "review", "contains_spoilers")
            if (value := getattr(self, name)) is not None
        }


# One statement, and so one round trip: the unique constraint decides between
# simultaneous first ratings, the later one becomes the replacement. A row that was just
# inserted has no `xmax`, one that was there has the lock of this statement in it.
RATE = """
INSERT INTO ratings_rating AS rating (
  user_id, movie_id, half_stars, review, contains_spoilers,
  created_at, updated_at, hidden_reason
)
VALUES (
  %(user)s, %(movie)s, %(half_stars)s, coalesce(%(review)s, ''),
  coalesce(%(contains_spoilers)s, false), %(now)s, %(now)s, ''
)
ON CONFLICT (user_id, movie_id) DO UPDATE SET
  half_stars = excluded.half_stars,
  review = coalesce(%(review)s, rating.review),
  contains_spoilers = coalesce(%(contains_spoilers)s, rating.contains_spoilers),
  updated_at = excluded.updated_at
RETURNING
  id, half_stars, review, contains_spoilers, created_at, updated_at,
  hidden_at, hidden_reason, xmax = 0,
  (SELECT username FROM accounts_user WHERE id = rating.user_id)
"""
STORED = (
    "id",
    "half_stars",
    "review",
    "contains_spoilers",
    "created_at",
    "updated_at",
    "hidden_at",
    "hidden_reason",
)


def rate_movie(
    *, user: User, movie: Movie, verdict: Verdict, now: datetime
) -> tuple[Rating, bool]:
    """Set the member's one rating of the film; return it and whether it is new."""
    told = asdict(verdict) | {"user": user.pk, "movie": movie.pk, "now": now}
    with kept_cursor() as cursor:
        cursor.execute(RATE, told)
        *stored, is_new, username = cursor.fetchone()
    user.username = username  # known without asking again
    rating = Rating(user=user, movie=movie, **dict(zip(STORED, stored, strict=True)))
    return rating, is_new


@transaction.atomic
def change_rating(
    *, user: User, rating: Rating, verdict: Verdict, now: datetime
) -> Rating:
    """Change some fields; raises NotYourRating, or RatingNotFound if it is gone."""
    require_author(user, rating)
    stored = Rating.objects.filter(pk=rating.pk)
    if not stored.update(**verdict.values(), updated_at=now):
        raise RatingNotFound
    rating.refresh_from_db(
        fields=["half_stars", "review", "contains_spoilers", "updated_at"]
    )
    return rating


def delete_rating(*, user: User, rating: Rating) -> None:
    require_author(user, rating)
    rating.delete()


def require_author(user: User, rating: Rating) -> None:
    if rating.user_id != user.pk:
        raise NotYourRating


@transaction.atomic
def hide_review(*, moderator: User, rating: Rating, reason: str, now: datetime) -> None:
    """Take a review out of sight; its stars stay. Raises NotAllowed or NoReview."""
    require_permission(moderator, HIDE_REVIEW)
    lock_members([rating.user_id])
    reviews = Rating.objects.filter(pk=rating.pk).exclude(review="")
    if not reviews.exists():
        raise NoReview("This rating has no review.")
    as_it_is = Q(hidden_at__isnull=False, hidden_reason=reason)
    if not reviews.exclude(as_it_is).update(hidden_at=now, hidden_reason=reason):
        return
    audit.record(
        "review_hidden",
        actor=moderator,
        member=rating.user,
        subject=f"rating {rating.pk}",
        reason=reason,
        now=now,
    )


@transaction.atomic
def show_review(*, moderator: User, rating: Rating, now: datetime) -> None:
    require_permission(moderator, HIDE_REVIEW)
    lock_members([rating.user_id])
    hidden = Rating.objects.filter(pk=rating.pk, hidden_at__isnull=False)
    if hidden.update(hidden_at=None, hidden_reason=""):
        audit.record(
            "review_shown",
            actor=moderator,
            member=rating.user,
            subject=f"rating {rating.pk}",
            now=now,
        )


def add_viewing(
    *, user: User, movie: Movie, watched_on: date | None, now: datetime
) -> tuple[Viewing, bool]:
    """Add to the history; return the entry and whether it is new for that day.

    Raises FutureDay. East of Greenwich it may be tomorrow already.
    """
    if watched_on is not None and watched_on > now.date() + A_DAY:
        raise FutureDay("This day is yet to come.", field="watched_on")
    return Viewing.objects.select_related("movie").get_or_create(
        user=user, movie=movie, watched_on=watched_on, defaults={"created_at": now}
    )


def remove_viewing(*, user: User, viewing_id: int) -> None:
    deleted, _ = Viewing.objects.filter(user=user, pk=viewing_id).delete()
    if not deleted:
        raise ViewingNotFound("There is no such entry in your history.")


def hide_movie(*, user: User, movie: Movie, now: datetime) -> tuple[HiddenMovie, bool]:
    return HiddenMovie.objects.select_related("movie").get_or_create(
        user=user, movie=movie, defaults={"created_at": now}
    )


def unhide_movie(*, user: User, movie_id: int) -> None:
    deleted, _ = HiddenMovie.objects.filter(user=user, movie=movie_id).delete()
    if not deleted:
        raise MovieNotHidden("You have not hidden this film.")
