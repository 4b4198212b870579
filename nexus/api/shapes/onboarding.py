from typing import Any

from rest_framework import serializers

from nexus.api.fields import MovieId
from nexus.api.shapes.movies import MovieOutput
from nexus.recommendations.onboarding import CARDS


class CardOutput(serializers.Serializer[Any]):
    movie = MovieOutput()
    position = serializers.IntegerField(min_value=1, max_value=CARDS)


class OnboardingOutput(serializers.Serializer[Any]):
    cards = CardOutput(many=True, help_text="Those to come, most telling first.")
    answered = serializers.IntegerField(
        min_value=0, help_text="Films I rated, here or anywhere."
    )
    skipped = serializers.IntegerField(
        min_value=0, help_text="Films I skipped, and did not rate later."
    )
    total = serializers.IntegerField(help_text="How many answers are asked for.")
    is_complete = serializers.BooleanField(help_text="There is no card left.")


class SkipInput(serializers.Serializer[Any]):
    movie = MovieId()


class SkipOutput(serializers.Serializer[Any]):
    movie = MovieOutput()
    created_at = serializers.DateTimeField()
