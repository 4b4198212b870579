"""Reasons in plain words: the engine gives numbers and ids, people read sentences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nexus import engine
from nexus.catalog.models import Movie, Person
from nexus.catalog.queries import genre_names


@dataclass(frozen=True, slots=True)
class Thing:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Reason:
    """`points` are the share of the match score; None where there is no score."""

    type: str
    text: str
    kind: Literal["movie", "genre", "person"] | None
    thing: Thing | None
    points: float | None


@dataclass(frozen=True, slots=True)
class Names:
    movies: dict[int, str]
    genres: dict[int, str]
    people: dict[int, str]


def names_for(reasons: Iterable[engine.Reason]) -> Names:
    """Read the names of all films, genres and people that the reasons speak of."""
    reasons = list(reasons)
    movies = ids_of(reasons, {"rated_movie", "liked_movie"})
    people = ids_of(reasons, {"person"})
    return read_names(movies=movies, people=people)


def ids_of(reasons: Iterable[engine.Reason], kinds: set[str]) -> set[int]:
    return {
        reason.id
        for reason in reasons
        if reason.kind in kinds and reason.id is not None
    }


def read_names(*, movies: Iterable[int], people: Iterable[int]) -> Names:
    return Names(
        movies=dict(
            Movie.objects.filter(id__in=set(movies)).values_list("id", "title")
        ),
        genres=genre_names(),
        people=dict(
            Person.objects.filter(id__in=set(people)).values_list("id", "name")
        ),
    )


def put_in_words(reasons: Sequence[engine.Reason], names: Names) -> list[Reason]:
    spoken = (speak(reason, names) for reason in reasons)
    return [reason for reason in spoken if reason is not None]


def speak(reason: engine.Reason, names: Names) -> Reason | None:
    """Return the reason as a sentence; None where the name is gone meanwhile."""
    if reason.kind in {"quality", "popularity"}:
        return fact(reason)
    kind: Literal["movie", "genre", "person"]
    if reason.kind == "genre":
        kind, known = "genre", names.genres
    elif reason.kind == "person":
        kind, known = "person", names.people
    else:
        kind, known = "movie", names.movies
    if reason.id not in known:
        return None
    thing = Thing(reason.id, known[reason.id])
    points = round(reason.points, 1)
    return Reason(reason.kind, sentence(reason, thing.name), kind, thing, points)


def sentence(reason: engine.Reason, name: str) -> str:
    if reason.kind == "rated_movie":
        only = "only " if reason.points < 0 else ""
        return f"You gave {name} {only}{count_stars(reason.stars)}."
    if reason.kind == "genre" and reason.stars is not None:
        return f"You give {name} films {reason.stars:.1f} stars on average."
    return f"You said that you like {name}."


def count_stars(stars: float | None) -> str:
    return f"{stars or 0:g} star" + ("" if stars == 1 else "s")


def fact(reason: engine.Reason) -> Reason:
    if reason.kind == "quality" and reason.stars is not None:
        side = "above" if reason.points > 0 else "below"
        text = f"Its votes average {reason.stars * 2:.1f} of 10, {side} the usual."
    else:
        text = "Many people watch it." if reason.points > 0 else "Few people watch it."
    return Reason(reason.kind, text, None, None, round(reason.points, 1))


def shared(found: engine.SimilarFilm, names: Names) -> list[Reason]:
    """Name what a similar film has in common, at most three things of a kind."""
    people = [
        *found.directors,
        *(id_ for id_ in found.cast if id_ not in found.directors),
    ]
    by_person = [
        Reason("person", f"Both have {names.people[id_]}.", "person", thing, None)
        for id_ in people[:3]
        if (thing := find_thing(id_, names.people))
    ]
    by_genre = [
        Reason("genre", f"Both are {names.genres[id_]} films.", "genre", thing, None)
        for id_ in found.genres[:3]
        if (thing := find_thing(id_, names.genres))
    ]
    return by_person + by_genre


def find_thing(id_: int, names: dict[int, str]) -> Thing | None:
    return Thing(id_, names[id_]) if id_ in names else None
