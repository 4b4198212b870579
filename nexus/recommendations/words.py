"""Reasons in plain words: the engine gives numbers and ids, people read sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal, get_args

from nexus import engine
from nexus.catalog.expiry import showable
from nexus.catalog.models import Keyword, Movie, Person
from nexus.catalog.queries import genre_names

MOST_SHARED = 3
LIKED_STARS = 3.5

Kind = Literal["movie", "genre", "person"]
ReasonType = Literal[
    "rated_movie",
    "liked_movie",
    "genre",
    "person",
    "quality",
    "popularity",
    "keyword",
]
REASON_TYPES: tuple[ReasonType, ...] = get_args(ReasonType)


@dataclass(frozen=True, slots=True)
class Thing:
    kind: Kind
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Reason:
    """`points` are the share of the match score; None where there is no score."""

    type: ReasonType
    text: str
    thing: Thing | None = None
    points: float | None = None


@dataclass(frozen=True, slots=True)
class Names:
    genres: dict[int, str]
    people: dict[int, str]
    movies: dict[int, str] = field(default_factory=dict)
    keywords: dict[int, str] = field(default_factory=dict)


def names_for(reasons: Iterable[engine.Reason], *, now: datetime) -> Names:
    """Read the names of all films, genres and people that the reasons speak of."""
    reasons = list(reasons)
    films, people = ids_of(reasons, "movie"), ids_of(reasons, "person")
    return Names(
        genres=genre_names(),
        people=dict(Person.objects.filter(id__in=people).values_list("id", "name")),
        movies=titles_of(films, now=now),
    )


def titles_of(movie_ids: Iterable[int], *, now: datetime) -> dict[int, str]:
    movies = Movie.objects.filter(id__in=movie_ids)
    found = movies.only("title", "fetched_at", "purged_at")
    return {movie.pk: showable(movie, now=now).title for movie in found}


def ids_of(reasons: Iterable[engine.Reason], kind: Kind) -> set[int]:
    return {
        reason.id
        for reason in reasons
        if reason.id is not None and kind_of(reason) == kind
    }


def kind_of(reason: engine.Reason) -> Kind | None:
    """Say what the reason's id is of."""
    match reason.kind:
        case "rated_movie" | "liked_movie":
            return "movie"
        case "genre" | "person":
            return reason.kind
        case _:
            return None


def reasons_of(found: engine.Explanation, names: Names) -> list[Reason]:
    learned = found.model_version != engine.RULES_VERSION
    return put_in_words(found.reasons, names, learned=learned)


def put_in_words(
    reasons: Sequence[engine.Reason], names: Names, *, learned: bool = False
) -> list[Reason]:
    """Say why; learned: a trained model's reasons, which rest on others' ratings."""
    spoken = (speak(reason, names, learned=learned) for reason in reasons)
    return [reason for reason in spoken if reason is not None]


def speak(reason: engine.Reason, names: Names, *, learned: bool) -> Reason | None:
    """Return the reason as a sentence; None where the name is gone meanwhile."""
    points = round(reason.points, 1)
    kind = kind_of(reason)
    if kind is None:
        text = learned_fact(reason) if learned else fact(reason)
        return Reason(reason.kind, text, points=points)
    known = {"movie": names.movies, "genre": names.genres, "person": names.people}[kind]
    if reason.id not in known:
        return None
    thing = Thing(kind, reason.id, known[reason.id])
    text = sentence(reason, thing.name, learned=learned)
    return Reason(reason.kind, text, thing, points)


def sentence(reason: engine.Reason, name: str, *, learned: bool) -> str:
    if reason.kind == "rated_movie" and learned:
        return learned_sentence(reason, name)
    if reason.kind == "rated_movie":
        only = "only " if reason.points < 0 else ""
        return f"You gave {name} {only}{count_stars(reason.stars)}."
    if reason.kind == "genre":
        if reason.stars is None:
            return f"You said that you like {name} films."
        return f"You give {name} films {reason.stars:.1f} stars on average."
    return f"You said that you like {name}."


def learned_sentence(reason: engine.Reason, name: str) -> str:
    """Say also where it is the other way round: a liked film that speaks against."""
    stars, is_for = reason.stars or 0, reason.points >= 0
    told = f"You gave {name}"
    if is_for == (stars >= LIKED_STARS):
        return f"{told} {'' if is_for else 'only '}{count_stars(stars)}."
    trend = "more" if is_for else "less"
    return f"{told} {count_stars(stars)}: who does so tends to like this one {trend}."


def count_stars(stars: float | None) -> str:
    return f"{stars or 0:g} star" + ("" if stars == 1 else "s")


def fact(reason: engine.Reason) -> str:
    more = reason.points > 0
    if reason.kind == "quality":
        mark = f"{(reason.stars or 0) * 2:.1f} of 10"
        side = "above" if more else "below"
        return f"Its votes, weighed by their number, come to {mark}: {side} average."
    return f"{'More' if more else 'Fewer'} people voted on it than on most films."


def learned_fact(reason: engine.Reason) -> str:
    more = reason.points > 0
    if reason.kind == "quality":
        stars, side = f"{reason.stars or 0:.1f}", "more" if more else "less"
        return (
            f"Those who rated it gave about {stars} stars, {side} than to most films."
        )
    return (
        f"Films like it suit {'more' if more else 'fewer'} people than most films do."
    )


def names_of_shared(found: Sequence[engine.SimilarFilm]) -> Names:
    """Read the names of what similar films have in common."""
    people = {id_ for one in found for id_ in (*one.directors, *one.cast)}
    keywords = {id_ for one in found for id_ in one.keywords[:MOST_SHARED]}
    return Names(
        genres=genre_names(),
        people=dict(Person.objects.filter(id__in=people).values_list("id", "name")),
        keywords=dict(
            Keyword.objects.filter(id__in=keywords).values_list("id", "name")
        ),
    )


def shared(found: engine.SimilarFilm, names: Names) -> list[Reason]:
    """Name what a similar film has in common, at most three things of a kind."""
    return [
        *islice(shared_people(found, names.people), MOST_SHARED),
        *islice(shared_genres(found, names.genres), MOST_SHARED),
        *(
            Reason("keyword", f"Both are tagged “{names.keywords[id_]}”.")
            for id_ in found.keywords[:MOST_SHARED]
            if id_ in names.keywords
        ),
    ]


def shared_people(found: engine.SimilarFilm, names: dict[int, str]) -> Iterator[Reason]:
    """Name directors first; whoever also plays in both is named once."""
    for id_ in dict.fromkeys((*found.directors, *found.cast)):
        if id_ in names:
            done = "directed" if id_ in found.directors else "plays in"
            thing = Thing("person", id_, names[id_])
            yield Reason("person", f"{names[id_]} {done} both.", thing)


def shared_genres(found: engine.SimilarFilm, names: dict[int, str]) -> Iterator[Reason]:
    for id_ in found.genres:
        if id_ in names:
            thing = Thing("genre", id_, names[id_])
            yield Reason("genre", f"Both are {names[id_]} films.", thing)
