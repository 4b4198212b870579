"""Cards that ask a new member about films, and those they have not seen."""

from django.utils import timezone
from rest_framework.request import Request

from nexus.api.endpoint import Endpoint, operation
from nexus.api.reply import Reply
from nexus.api.shapes import onboarding as shapes
from nexus.catalog.operations import get_movie
from nexus.ratings.onboarding import skip_movie, unskip_movie
from nexus.recommendations.onboarding import cards_for


class Onboarding(Endpoint):
    @operation(
        "Ask me about films, to get to know me",
        answers={200: shapes.OnboardingOutput},
        description=(
            "Answer a card by rating its film, `PUT /api/movies/{id}/rating/`, or by "
            "skipping it. After 20 answers there are no more."
        ),
    )
    def get(self, request: Request) -> Reply:
        found = cards_for(user=self.user, now=timezone.now())
        return Reply(shapes.OnboardingOutput(found, context={}).data)


class Skips(Endpoint):
    @operation(
        "Skip a card: I have not seen the film",
        body=shapes.SkipInput,
        answers={200: shapes.SkipOutput, 201: shapes.SkipOutput},
        failures=[404, 502, 503],
        description="The film is recommended as before.",
    )
    def post(self, request: Request) -> Reply:
        now = timezone.now()
        movie = get_movie(movie_id=self.body["movie"], now=now)
        skipped, is_new = skip_movie(user=self.user, movie=movie, now=now)
        body = shapes.SkipOutput(skipped, context={}).data
        return Reply(body, status=201 if is_new else 200)


class OneSkip(Endpoint):
    @operation("Be asked about a film again", answers={204: None})
    def delete(self, request: Request, movie_id: int) -> Reply:
        unskip_movie(user=self.user, movie_id=movie_id)
        return Reply(status=204)
