"""Ratings and reviews, the viewing history, and films a member does not want to see."""

from math import ceil
from typing import Any

from django.utils import timezone
from rest_framework.permissions import AllowAny, IsAuthenticatedOrReadOnly
from rest_framework.request import Request

from nexus.api.endpoint import Endpoint, operation
from nexus.api.paging import (
    CursorParams,
    Keyset,
    PageParams,
    cursor_body,
    cut,
    page_body,
)
from nexus.api.reply import Reply
from nexus.api.shapes import ratings as shapes
from nexus.api.shapes.common import Reason
from nexus.catalog.operations import get_movie
from nexus.ratings import operations, queries
from nexus.ratings.models import HiddenMovie, Rating, Viewing
from nexus.ratings.operations import Verdict

RATINGS = Keyset("ratings", "updated_at")
HISTORY = Keyset("history", "created_at")
HIDDEN = Keyset("hidden", "created_at")


def verdict_of(body: dict[str, Any]) -> Verdict:
    """Return what the body says; what it leaves out is None, and stays as it was."""
    return Verdict(
        half_stars=round(body["stars"] * 2) if "stars" in body else None,
        review=body["review"] or "" if "review" in body else None,
        contains_spoilers=body.get("contains_spoilers"),
    )


class RatingEndpoint(Endpoint):
    def shape(self, rating: Rating) -> Any:
        return shapes.RatingOutput(rating, context={"viewer": self.viewer}).data

    def shapes_of(self, ratings: list[Rating]) -> Any:
        context = {"viewer": self.viewer}
        return shapes.RatingOutput(ratings, many=True, context=context).data

    def rate(self, movie_id: int) -> Reply:
        now = timezone.now()
        movie = get_movie(movie_id=movie_id, now=now)
        rating, is_new = operations.rate_movie(
            user=self.user, movie=movie, verdict=verdict_of(self.body), now=now
        )
        return Reply(self.shape(rating), status=201 if is_new else 200)


class RatingList(RatingEndpoint):
    @operation(
        "List my ratings, newest first",
        params=shapes.RatingListParams,
        answers={200: shapes.RatingPage},
    )
    def get(self, request: Request) -> Reply:
        stars = self.params.get("min_stars")
        rows = queries.ratings_of(
            user=self.user,
            movie_id=self.params.get("movie"),
            min_half_stars=None if stars is None else ceil(stars * 2),
            has_review=self.params.get("has_review"),
        )
        body = cursor_body(request, self.params, rows, RATINGS, render=self.shapes_of)
        return Reply(body)

    @operation(
        "Rate a film; an earlier rating of mine is replaced",
        body=shapes.RatingInput,
        answers={200: shapes.RatingOutput, 201: shapes.RatingOutput},
        failures=[404, 502, 503],
    )
    def post(self, request: Request) -> Reply:
        return self.rate(self.body["movie"])


class OneRating(RatingEndpoint):
    permission_classes = [IsAuthenticatedOrReadOnly]

    def find(self, rating_id: int) -> Rating:
        return queries.get_visible_rating(viewer=self.viewer, rating_id=rating_id)

    def change(self, rating_id: int) -> Reply:
        rating = operations.change_rating(
            user=self.user,
            rating=self.find(rating_id),
            verdict=verdict_of(self.body),
            now=timezone.now(),
        )
        return Reply(self.shape(rating))

    @operation("Read a rating", answers={200: shapes.RatingOutput})
    def get(self, request: Request, rating_id: int) -> Reply:
        return Reply(self.shape(self.find(rating_id)))

    @operation(
        "Change my rating",
        body=shapes.VerdictInput,
        answers={200: shapes.RatingOutput},
        failures=[403],
    )
    def put(self, request: Request, rating_id: int) -> Reply:
        return self.change(rating_id)

    @operation(
        "Change parts of my rating",
        body=shapes.VerdictInput,
        partial=True,
        answers={200: shapes.RatingOutput},
        failures=[403],
    )
    def patch(self, request: Request, rating_id: int) -> Reply:
        return self.change(rating_id)

    @operation("Take my rating back", answers={204: None}, failures=[403])
    def delete(self, request: Request, rating_id: int) -> Reply:
        operations.delete_rating(user=self.user, rating=self.find(rating_id))
        return Reply(status=204)


class HiddenReview(Endpoint):
    """For moderators."""

    @operation(
        "Hide a review",
        body=Reason,
        answers={204: None},
        failures=[403, 409],
    )
    def put(self, request: Request, rating_id: int) -> Reply:
        operations.hide_review(
            moderator=self.user,
            rating=queries.get_visible_rating(viewer=self.user, rating_id=rating_id),
            reason=self.body["reason"],
            now=timezone.now(),
        )
        return Reply(status=204)

    @operation("Show a hidden review again", answers={204: None}, failures=[403])
    def delete(self, request: Request, rating_id: int) -> Reply:
        rating = queries.get_visible_rating(viewer=self.user, rating_id=rating_id)
        operations.show_review(moderator=self.user, rating=rating, now=timezone.now())
        return Reply(status=204)


class MyRatingOfMovie(RatingEndpoint):
    @operation("Read my rating of a film", answers={200: shapes.RatingOutput})
    def get(self, request: Request, movie_id: int) -> Reply:
        rating = queries.get_own_rating(user=self.user, movie_id=movie_id)
        return Reply(self.shape(rating))

    @operation(
        "Rate a film",
        body=shapes.VerdictInput,
        answers={200: shapes.RatingOutput, 201: shapes.RatingOutput},
        failures=[502, 503],
    )
    def put(self, request: Request, movie_id: int) -> Reply:
        return self.rate(movie_id)

    @operation("Take my rating of a film back", answers={204: None})
    def delete(self, request: Request, movie_id: int) -> Reply:
        rating = queries.get_own_rating(user=self.user, movie_id=movie_id)
        operations.delete_rating(user=self.user, rating=rating)
        return Reply(status=204)


class RatingsOfMovie(RatingEndpoint):
    permission_classes = [AllowAny]

    @operation(
        "List the public ratings of a film, newest first",
        params=PageParams,
        answers={200: shapes.PublicRatingPage},
        failures=[502, 503],
    )
    def get(self, request: Request, movie_id: int) -> Reply:
        movie = get_movie(movie_id=movie_id, now=timezone.now())
        ratings = queries.public_ratings(movie_id=movie.pk)
        summary = queries.summarize(ratings)
        results = self.shapes_of(cut(ratings, self.params))
        count = sum(summary.distribution.values())
        body = page_body(request, self.params, count=count, results=results)
        told = {"average": summary.average, "distribution": summary.distribution}
        return Reply(body | told)


class History(Endpoint):
    def shape(self, viewings: list[Viewing]) -> Any:
        return shapes.ViewingOutput(viewings, many=True, context={}).data

    @operation(
        "List my viewing history, newest first",
        params=shapes.HistoryParams,
        answers={200: shapes.ViewingPage},
    )
    def get(self, request: Request) -> Reply:
        rows = queries.viewings_of(user=self.user, movie_id=self.params.get("movie"))
        return Reply(
            cursor_body(request, self.params, rows, HISTORY, render=self.shape)
        )

    @operation(
        "Add a viewing; the same film on the same day stands once",
        body=shapes.ViewingInput,
        answers={200: shapes.ViewingOutput, 201: shapes.ViewingOutput},
        failures=[404, 502, 503],
    )
    def post(self, request: Request) -> Reply:
        now = timezone.now()
        viewing, is_new = operations.add_viewing(
            user=self.user,
            movie=get_movie(movie_id=self.body["movie"], now=now),
            watched_on=self.body.get("watched_on"),
            now=now,
        )
        return Reply(self.shape([viewing])[0], status=201 if is_new else 200)


class OneViewing(Endpoint):
    @operation("Remove a viewing", answers={204: None})
    def delete(self, request: Request, viewing_id: int) -> Reply:
        operations.remove_viewing(user=self.user, viewing_id=viewing_id)
        return Reply(status=204)


class HiddenMovies(Endpoint):
    def shape(self, rows: list[HiddenMovie]) -> Any:
        return shapes.HiddenOutput(rows, many=True, context={}).data

    @operation(
        "List the films I do not want recommended",
        params=CursorParams,
        answers={200: shapes.HiddenPage},
    )
    def get(self, request: Request) -> Reply:
        rows = queries.hidden_movies_of(user=self.user)
        return Reply(cursor_body(request, self.params, rows, HIDDEN, render=self.shape))

    @operation(
        "Never recommend a film to me",
        body=shapes.HiddenInput,
        answers={200: shapes.HiddenOutput, 201: shapes.HiddenOutput},
        failures=[404, 502, 503],
    )
    def post(self, request: Request) -> Reply:
        now = timezone.now()
        movie = get_movie(movie_id=self.body["movie"], now=now)
        hidden, is_new = operations.hide_movie(user=self.user, movie=movie, now=now)
        return Reply(self.shape([hidden])[0], status=201 if is_new else 200)


class OneHiddenMovie(Endpoint):
    @operation("Let a film be recommended again", answers={204: None})
    def delete(self, request: Request, movie_id: int) -> Reply:
        operations.unhide_movie(user=self.user, movie_id=movie_id)
        return Reply(status=204)
