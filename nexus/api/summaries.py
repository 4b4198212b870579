"""Films in brief, written out once as the bytes that lists are made of.

A list asks PostgreSQL for its films' ids and the versions of their rows alone. Each
write makes a new version, by whatever hand, so that nothing has to be told of it.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.utils import timezone

from nexus.api.reply import render
from nexus.api.shapes.movies import MovieOutput
from nexus.catalog.images import Images, images
from nexus.catalog.queries import genre_names
from nexus.catalog.rows import Version, read_with_versions

MOST_KEPT: Final = 10_000  # some 10 MB


@dataclass(frozen=True, slots=True)
class ToldWith:
    """What all summaries depend on, besides their films."""

    genre_names: dict[int, str]
    images: Images


class Summaries:
    """At most so many: the longest unused ones go first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept = OrderedDict[Version, orjson.Fragment]()
        self.told_with: ToldWith | None = None

    def of(self, versions: Sequence[Version]) -> list[orjson.Fragment]:
        """Return the films in this order; one that was deleted is left out."""
        if not versions:
            return []
        told_with = ToldWith(genre_names(), images(now=timezone.now()))
        found = self.find(versions, told_with)
        missing = [one for one in versions if one not in found]
        if missing:
            made = written_out([id_ for id_, *_ in missing], told_with)
            self.keep(made, told_with)
            # By then a row may be a newer one.
            newest = {version[0]: summary for version, summary in made.items()}
            found |= {one: newest[one[0]] for one in missing if one[0] in newest}
        return [found[one] for one in versions if one in found]

    def find(
        self, versions: Sequence[Version], told_with: ToldWith
    ) -> dict[Version, orjson.Fragment]:
        with self.lock:
            if self.told_with != told_with:
                self.kept.clear()
                self.told_with = told_with
            found = {one: self.kept[one] for one in versions if one in self.kept}
            for one in found:
                self.kept.move_to_end(one)
            return found

    def keep(self, made: dict[Version, orjson.Fragment], told_with: ToldWith) -> None:
        with self.lock:
            if self.told_with == told_with:
                self.kept |= made
            while len(self.kept) > MOST_KEPT:
                self.kept.popitem(last=False)


def written_out(
    ids: Sequence[int], told_with: ToldWith
) -> dict[Version, orjson.Fragment]:
    shape: Any = MovieOutput(context={})
    shape.genre_names, shape.images = told_with.genre_names, told_with.images
    return {
        version: orjson.Fragment(render(shape.to_representation(movie)))
        for version, movie in read_with_versions(ids)
    }


SUMMARIES: Final = Summaries()
