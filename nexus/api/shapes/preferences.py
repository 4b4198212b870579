from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from nexus.api.fields import MAX_ID, Many, MovieId, WholeNumber


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "minimum": 1, "maximum": MAX_ID},
            {"type": "string", "minLength": 1, "maxLength": 50},
        ]
    }
)
class GenreRef(serializers.Field[Any, Any, Any, Any]):
    """A genre's id or its name."""

    default_error_messages = {"invalid": "Give a genre's id or its name."}

    def to_internal_value(self, data: Any) -> int | str:
        is_id = (
            isinstance(data, int) and not isinstance(data, bool) and 0 < data <= MAX_ID
        )
        is_name = isinstance(data, str) and 0 < len(data) <= 50 and "\0" not in data
        if not (is_id or is_name):
            self.fail("invalid")
        return data  # type: ignore[no-any-return]  # narrowed above

    def to_representation(self, value: Any) -> Any:
        return value


class PersonId(WholeNumber):
    """TMDb's id; negative for a person of the starter catalogue known by name only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=-(2**31), max_value=MAX_ID, **options)


class PreferencesInput(serializers.Serializer[Any]):
    genres = Many(child=GenreRef(), max_length=50, required=False)
    people = Many(child=PersonId(), max_length=100, required=False)
    movies = Many(child=MovieId(), max_length=100, required=False)


class GenreOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PersonOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(
        help_text="TMDb's; negative while only the name is known."
    )
    name = serializers.CharField()


class NamedMovie(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="title")


class PreferencesOutput(serializers.Serializer[Any]):
    genres = GenreOutput(many=True)
    people = PersonOutput(many=True)
    movies = NamedMovie(many=True)
