"""What suits a member, and what is like a film."""

from django.utils import timezone
from rest_framework.request import Request

from nexus.api.endpoint import Endpoint, PublicEndpoint, operation
from nexus.api.paging import PageParams, page_body
from nexus.api.reply import Reply
from nexus.api.shapes import recommendations as shapes
from nexus.api.shapes.movies import MovieMetaPage, SimilarParams, filters_of
from nexus.api.shared import share
from nexus.api.views.movies import UpstreamList
from nexus.recommendations import queries


class Recommendations(Endpoint):
    @operation(
        "Read my feed",
        params=shapes.FeedParams,
        answers={200: shapes.FeedPage},
        failures=[404],
    )
    def get(self, request: Request) -> Reply:
        wish = queries.Wish(
            filters=filters_of(self.params),
            diversity=self.params["diversity"],
            novelty=self.params["novelty"],
            include_watched=self.params["include_watched"],
        )
        told = queries.recommend(
            user=self.user,
            wish=wish,
            page=self.params["page"],
            page_size=self.params["page_size"],
            now=timezone.now(),
            show=shapes.show_feed,
        )
        body = page_body(request, self.params, count=told.count, results=told.results)
        return Reply(body | {"meta": told.meta})


class MatchScore(Endpoint):
    @operation(
        "Say how well a film suits me, and why",
        params=shapes.MatchScoreParams,
        answers={200: shapes.MatchScoreOutput},
        failures=[502, 503],
    )
    def get(self, request: Request, movie_id: int) -> Reply:
        found = queries.match_score(
            user=self.user, movie_id=movie_id, **self.params, now=timezone.now()
        )
        return Reply(shapes.MatchScoreOutput(found).data)


# What rests on the picture of the films and on the model: both change by and by, and
# without a word that the edge would hear.
SOON_S = 1.0


class Similar(PublicEndpoint):
    keep_s = SOON_S

    @operation(
        "List films like this one",
        params=SimilarParams,
        answers={200: shapes.SimilarOutput(many=True)},
        failures=[502, 503],
        description=(
            "By genres, keywords, people and years; with a trained model also by who "
            "picks both films, and the more so the more people rated both."
        ),
    )
    def get(self, request: Request, movie_id: int) -> Reply:
        found = queries.similar_movies(
            movie_id=movie_id, **self.params, now=timezone.now()
        )
        return Reply(shapes.SimilarOutput(found, many=True, context={}).data)


class TmdbRecommendations(UpstreamList):
    @operation(
        "List what TMDb recommends to those who like the film",
        params=PageParams,
        answers={200: MovieMetaPage},
        failures=[502, 503],
    )
    def get(self, request: Request, movie_id: int) -> Reply:
        found = queries.movies_recommended_with(
            movie_id=movie_id, **self.params, now=timezone.now()
        )
        if found.origin.source == "local":
            share(request, keep_s=SOON_S)
        return self.answer(found)
