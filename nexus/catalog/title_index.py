"""What films and words are found by when somebody types a title."""

from collections.abc import Iterable

from django.db import transaction

from nexus.catalog.models import Movie, TitleWord
from nexus.catalog.titles import (
    all_words_of,
    keys_of,
    sort_key,
    stored_remainders,
)

AT_ONCE = 1_000


def derive_titles(movie: Movie, other_titles: Iterable[str] = ()) -> None:
    """Set the columns that derive from the film's titles, those of any language."""
    titles = [movie.title, movie.original_title, *other_titles]
    movie.sort_title = sort_key(movie.title)
    movie.title_keys = keys_of(titles)
    movie.title_words = all_words_of(titles)


def derive_missing() -> int:
    """Derive what films lack that an older version stored; return how many they were.

    Some at a time, each time for good: an interrupted run goes on where it ended.
    """
    total = 0
    while done := derive_some():
        total += done
    return total


@transaction.atomic
def derive_some() -> int:
    lacking = Movie.objects.filter(title_keys=[]).select_for_update()
    movies = list(lacking.order_by("id").prefetch_related("texts")[:AT_ONCE])
    for movie in movies:
        texts = movie.texts.all()
        derive_titles(movie, [text.title for text in texts if text.title])
    store_words(movies)
    Movie.objects.bulk_update(movies, ["sort_title", "title_keys", "title_words"])
    return len(movies)


def store_words(movies: Iterable[Movie]) -> None:
    """Store the words that are new, in their order: nobody locks anybody out."""
    words = sorted({word for movie in movies for word in movie.title_words})
    known = TitleWord.objects.filter(word__in=words).values_list("word", flat=True)
    new = sorted(set(words).difference(known))
    TitleWord.objects.bulk_create(map(title_word, new), ignore_conflicts=True)


def title_word(word: str) -> TitleWord:
    return TitleWord(word=word, remainders=stored_remainders(word))
