from typing import Any

from rest_framework import serializers

from nexus.api.fields import Text


class WrittenOut(serializers.Serializer[Any]):
    """A shape that says itself what its fields would make of a thing, much sooner.

    Its fields are there for the document, and for shapes derived from it.
    """

    def written_out(self, instance: Any) -> dict[str, Any]:
        raise NotImplementedError

    def to_representation(self, instance: Any) -> Any:
        if "written_out" in vars(type(self)):
            return self.written_out(instance)
        return super().to_representation(instance)


class MetaBody(serializers.Serializer[Any]):
    """Where an answer that depends on TMDb comes from."""

    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field of that name
        choices=["live", "cache", "stale", "local"]
    )
    fetched_at = serializers.DateTimeField(allow_null=True)
    degraded = serializers.BooleanField()


class Reason(serializers.Serializer[Any]):
    """Why a moderator hides something."""

    reason = Text(min_length=1, max_length=500)


def page_of(shape: type[serializers.Serializer[Any]], name: str, **more: Any) -> Any:
    """Make the shape of a numbered page of these."""
    fields = {
        "count": serializers.IntegerField(min_value=0),
        "page": serializers.IntegerField(min_value=1),
        "total_pages": serializers.IntegerField(min_value=1),
        "next": serializers.CharField(allow_null=True),
        "previous": serializers.CharField(allow_null=True),
        "results": shape(many=True),
    }
    return type(name, (serializers.Serializer,), fields | more)


def cursor_page_of(shape: type[serializers.Serializer[Any]], name: str) -> Any:
    """Make the shape of one page of a member's own list."""
    fields = {
        "next": serializers.CharField(allow_null=True),
        "previous": serializers.CharField(allow_null=True),
        "results": shape(many=True),
    }
    return type(name, (serializers.Serializer,), fields)
