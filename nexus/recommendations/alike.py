"""Similar titles: by content, and by who picks both films where a model can say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nexus import engine
from nexus.recommendations.films import Films
from nexus.recommendations.scoring import PANEL, Answered, ModelBroken
from nexus.recommendations.serving import Running


@dataclass(frozen=True, slots=True)
class Alike:
    """liked: of the films that are picked, those likely to be liked as well."""

    films: Sequence[engine.SimilarFilm]
    liked: frozenset[int] = frozenset()


def find_alike(films: Films, movie_id: int, *, limit: int, now: datetime) -> Alike:
    """Return the films of the picture most like this one; arithmetic alone."""
    catalogue = films.catalogue
    guests = films.guests if movie_id in films.beyond else None

    def by_model(running: Running) -> Answered[Alike] | None:
        picks = picks_of(running.model, catalogue, movie_id)
        if picks is None:
            return None
        found = engine.similar(catalogue, movie_id, limit, picks, guests=guests)
        picked = [film.id for film in found if film.picked]
        liked = liked_of(running.model, movie_id, picked)
        return Answered(Alike(found, liked), running.version)

    def by_content() -> Answered[Alike]:
        found = engine.similar(catalogue, movie_id, limit, guests=guests)
        return Answered(Alike(found), engine.RULES_VERSION)

    return PANEL.choose(by_model, by_content, now=now).value


def picks_of(
    model: engine.Model, catalogue: engine.Catalogue, movie_id: int
) -> engine.Picks | None:
    """Return what follows from having picked the film; None: nobody rated it."""
    columns = model.vocabulary.columns(catalogue.ids)
    (column,) = model.vocabulary.columns([movie_id]).tolist()
    if column < 0:
        return None
    # One place more than there are films: where those nobody rated (-1) point.
    scores = np.append(model.pick.because_of(column), 0.0)
    if not np.isfinite(scores).all():
        raise ModelBroken("no number for a film it was trained on")
    ratings = np.minimum(model.taste.counts[columns], model.taste.counts[column])
    return engine.Picks(scores[columns], ratings)


def liked_of(
    model: engine.Model, movie_id: int, others: Sequence[int]
) -> frozenset[int]:
    """Return those of the others that are likely to please whom this film pleased.

    More than they please people of whom nothing is known, too.
    """
    fan = engine.History([movie_id], [5.0])
    likes = model.match(fan, others).like
    usual = model.match(engine.History(), others).like
    liked = (likes >= 0.5) & (likes > usual)
    return frozenset(np.array(others, np.int64)[liked].tolist())
