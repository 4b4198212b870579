"""Made-up catalogues: equal where they should be, and spread as real ones are."""

from datetime import date
from itertools import islice

import numpy as np
import pytest
from django.utils import timezone

from bench.data.films import Film, make_films
from bench.data.load import PASSWORD, load
from bench.data.words import make_words
from nexus.accounts.models import User
from nexus.catalog.models import Credit, Movie, MovieText, TitleWord
from nexus.catalog.title_index import derive_titles
from nexus.ratings.models import Rating, Viewing
from nexus.recommendations.facts import facts_of

TODAY = date(2026, 1, 1)


def made_up(count: int, *, seed: int = 1) -> list[Film]:
    random = np.random.default_rng(seed)
    words = make_words(random, names=500)
    return list(make_films(random, words, count=count, today=TODAY))


def test_equal_seeds_give_equal_films() -> None:
    assert made_up(200) == made_up(200)
    assert made_up(200) != made_up(200, seed=2)


def test_films_are_spread_as_real_ones_are() -> None:
    films = made_up(5_000)
    votes = sorted((film.vote_count or 0 for film in films), reverse=True)
    years = [film.year for film in films if film.year]
    languages = {film.language for film in films}

    assert len({film.id for film in films}) == 5_000
    assert sum(votes[:50]) > sum(votes[50:]) / 4  # a hundredth of them
    assert votes[2_500] < 10
    assert sum(year > 2005 for year in years) > len(years) / 3
    assert min(years) < 1950
    assert len(languages) > 20
    assert any(film.other_titles for film in films)
    assert all(film.vote_average is None for film in films if not film.vote_count)
    assert 0 not in {film.vote_count for film in films}
    assert votes[-1] == 0  # some have none
    assert {len(film.genres) for film in islice(films, 500)} > {0, 1, 2, 3}


@pytest.mark.django_db(transaction=True)
def test_it_loads_what_the_product_would_have_stored() -> None:
    load(films=300, members=20, ratings=200, viewings=100, seed=1)

    movies = Movie.objects.filter(id__gt=3_000_000).prefetch_related("texts")
    assert movies.count() == 300
    assert movies.filter(vote_count=None).exists()
    assert not movies.filter(vote_count=0).exists()
    for movie in movies:
        stored = (movie.sort_title, movie.title_keys, movie.title_words)
        derive_titles(movie, [str(text.title) for text in movie.texts.all()])
        assert stored == (movie.sort_title, movie.title_keys, movie.title_words)
    words = {word for movie in movies for word in movie.title_words}
    assert words <= set(TitleWord.objects.values_list("word", flat=True))
    assert User.objects.get(username="member1").check_password(PASSWORD)
    assert 100 < Rating.objects.count() <= 200
    assert 50 < Viewing.objects.count() <= 100
    assert Credit.objects.filter(movie__in=movies, kind="director").count() == 300
    assert MovieText.objects.exists()
    ids = [movie.pk for movie in movies]
    assert len(facts_of(ids, now=timezone.now())) == 300
