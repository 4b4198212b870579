"""Reasons in plain words: the engine gives numbers and ids, people read sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, Literal, get_args

from nexus import engine
from nexus.catalog.expiry import showable
from nexus.catalog.models import Keyword
from nexus.catalog.queries import genre_names
from nexus.recommendations.common import Common, in_common
from nexus.recommendations.films import Films
from nexus.recommendations.remembered import FILMS, PEOPLE

MOST_SHARED = 3
SPEAKS_FOR_STARS = 3.5
# MovieLens's groups of films that are no genre of TMDb's.
GROUPS: Final = {
    "Film-Noir": "films noirs",
    "IMAX": "IMAX films",
    "(no genres listed)": "films without a genre",
}

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
    """`points` are the share of the match score; None where there is no score.

    person: who made, or plays in, the film that is spoken of and the one recommended
    """

    type: ReasonType
    text: str
    thing: Thing | None = None
    points: float | None = None
    person: Thing | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id; common: by film explained and film rated, who is in both."""

    genres: dict[int, str]
    people: dict[int, str]
    movies: dict[int, str] = field(default_factory=dict)
    keywords: dict[int, str] = field(default_factory=dict)
    common: Mapping[tuple[int, int], Common] = field(default_factory=dict)


def names_for(
    found: Sequence[engine.Explanation], holder: Films, *, now: datetime
) -> Names:
    """Read the names of all films, genres and people that the reasons speak of."""
    reasons = [reason for one in found for reason in one.reasons]
    films, people = ids_of(reasons, "movie"), ids_of(reasons, "person")
    common = find_common(found, holder)
    people |= {one.id for one in common.values()}
    return Names(
        genres=genre_names(),
        people=PEOPLE.find(people),
        movies=titles_of(films, now=now),
        common=common,
    )


def find_common(
    found: Sequence[engine.Explanation], holder: Films
) -> dict[tuple[int, int], Common]:
    pairs = [
        (one.film_id, reason.id)
        for one in found
        for reason in one.reasons
        if reason.kind == "rated_movie" and reason.id is not None
    ]
    return in_common(holder, pairs)


def titles_of(movie_ids: Iterable[int], *, now: datetime) -> dict[int, str]:
    found = FILMS.find({*movie_ids})
    return {id_: showable(movie, now=now).title for id_, movie in found.items()}


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
    return put_in_words(found.reasons, names, learned=learned, film_id=found.film_id)


def put_in_words(
    reasons: Sequence[engine.Reason],
    names: Names,
    *,
    learned: bool = False,
    film_id: int = 0,
) -> list[Reason]:
    """Say why; learned: a trained model's reasons, which rest on others' ratings.

    film_id: what the reasons are for.
    """
    spoken = (
        speak(reason, names, learned=learned, person=person_in(names, film_id, reason))
        for reason in reasons
    )
    return [reason for reason in spoken if reason is not None]


def person_in(names: Names, film_id: int, reason: engine.Reason) -> Common | None:
    """Return who is in the film and in the rated one, unless the name is gone."""
    common = names.common.get((film_id, reason.id or 0))
    return common if common is not None and common.id in names.people else None


def speak(
    reason: engine.Reason, names: Names, *, learned: bool, person: Common | None
) -> Reason | None:
    """Return the reason as a sentence; None where the name is gone meanwhile."""
    points = round(reason.points, 1)
    kind = kind_of(reason)
    if kind is None:
        text = learned_fact(reason) if learned else fact(reason)
        return Reason(reason.kind, text, points=points)
    known = {"movie": names.movies, "genre": names.genres, "person": names.people}[kind]
    if reason.id not in known:
        return group_reason(reason)
    thing = Thing(kind, reason.id, known[reason.id])
    text = sentence(reason, thing.name, also(person, names), learned=learned)
    return Reason(reason.kind, text, thing, points, thing_of(person, names))


def thing_of(person: Common | None, names: Names) -> Thing | None:
    if person is None:
        return None
    return Thing("person", person.id, names.people[person.id])


def also(person: Common | None, names: Names) -> str:
    """Return the part of a sentence that names who is in both films, if anybody."""
    if person is None:
        return ""
    word = "by" if person.directed else "with"
    return f", also {word} {names.people[person.id]}"


def group_reason(reason: engine.Reason) -> Reason | None:
    """Speak of a group of films that is no genre of ours: its points count, too."""
    if reason.name is None:
        return None
    text = learned_genre(reason, GROUPS.get(reason.name, f"{reason.name} films"))
    return Reason(reason.kind, text, points=round(reason.points, 1))


def sentence(reason: engine.Reason, name: str, link: str, *, learned: bool) -> str:
    if reason.kind == "rated_movie" and learned:
        return learned_sentence(reason, name, link)
    if reason.kind == "rated_movie":
        only = "only " if reason.points < 0 else ""
        return f"You gave {name} {only}{count_stars(reason.stars)}{link}."
    if reason.kind == "genre" and reason.name is not None:
        return learned_genre(reason, f"{name} films")
    if reason.kind == "genre":
        if reason.stars is None:
            return f"You said that you like {name} films."
        return f"You give {name} films {reason.stars:.1f} stars on average."
    return f"You said that you like {name}."


def learned_sentence(reason: engine.Reason, name: str, link: str) -> str:
    """Say also where it is the other way round: a liked film that speaks against."""
    stars, is_for = reason.stars or 0, reason.points >= 0
    told = f"You gave {name}"
    if is_for == (stars >= SPEAKS_FOR_STARS):
        return f"{told} {'' if is_for else 'only '}{count_stars(stars)}{link}."
    trend = "more" if is_for else "less"
    usual = f"who does so tends to like this one {trend}"
    return f"{told} {count_stars(stars)}{link}: {usual}."


def learned_genre(reason: engine.Reason, name: str) -> str:
    """Compare with people of whom nothing is known; no stars: none was rated there."""
    if not round(reason.points, 1):
        trend = "about as much as"
    else:
        trend = "more than" if reason.points > 0 else "less than"
    if reason.stars is None:
        return f"Going by your ratings, {name} suit you {trend} most people."
    return f"You like {name} {trend} most people do."


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
        people=PEOPLE.find(people),
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


def shared_audience(asked: Thing, *, liked: bool) -> Reason:
    """Say who else picks a film; liked: who likes the other one should like it, too."""
    if liked:
        text = f"People who like {asked.name} are likely to like it, too."
    else:
        text = f"People who watched {asked.name} watched it, too."
    return Reason("rated_movie", text, asked)


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
