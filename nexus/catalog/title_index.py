"""What films and words are found by when somebody types a title."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from nexus.catalog.models import LastRun, Movie, TitleWord
from nexus.catalog.titles import (
    all_words_of,
    keys_of,
    sort_title,
    stored_remainders,
)

AT_ONCE = 1_000
READ_AT_ONCE: Final = 10_000
# Said to be done of all films; another name where the rule becomes another.
SORTED: Final = "sort titles by language"
SORTED_BY: Final = ("id", "title", "original_title", "original_language", "sort_title")
Row = tuple[int, str, str, str | None, str]


def derive_titles(movie: Movie, other_titles: Iterable[str] = ()) -> None:
    """Set the columns that derive from the film's titles, those of any language."""
    titles = [movie.title, movie.original_title, *other_titles]
    movie.sort_title = sort_title(
        movie.title, movie.original_title, movie.original_language
    )
    movie.title_keys = keys_of(titles)
    movie.title_words = all_words_of(titles)


def derive_missing() -> int:
    """Derive what films lack that an older version stored; return how many they were.

    Some at a time, each time for good: an interrupted run goes on where it ended.
    """
    total = sort_anew()
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


def sort_anew() -> int:
    """Put right how an older version sorted films; return how many they were.

    All titles are looked at, and few are written: after an interruption fewer. It is
    done once none was wrong: until then that version may have served and stored more.
    """
    if LastRun.objects.filter(job=SORTED).exists():
        return 0
    wrong = list(chain.from_iterable(map(wrongly_sorted, batches())))
    for start in range(0, len(wrong), AT_ONCE):
        sort_some(wrong[start : start + AT_ONCE])
    if not wrong:
        done = LastRun(job=SORTED, began_at=Now())
        LastRun.objects.bulk_create([done], ignore_conflicts=True)
    return len(wrong)


def batches() -> Iterator[list[Row]]:
    last = 0
    films = Movie.objects.order_by("id").values_list(*SORTED_BY)
    while batch := list(films.filter(id__gt=last)[:READ_AT_ONCE]):
        yield batch
        last = batch[-1][0]


def wrongly_sorted(batch: Iterable[Row]) -> list[int]:
    return [
        id_
        for id_, title, original_title, language, held in batch
        if sort_title(title, original_title, language) != held
    ]


@transaction.atomic
def sort_some(ids: Iterable[int]) -> None:
    """Sort these as they are called now."""
    locked = Movie.objects.filter(id__in=ids).select_for_update().order_by("id")
    movies = list(locked.only(*SORTED_BY))
    for movie in movies:
        movie.sort_title = sort_title(
            movie.title, movie.original_title, movie.original_language
        )
    Movie.objects.bulk_update(movies, ["sort_title"])


def store_words(movies: Iterable[Movie]) -> None:
    """Store the words that are new, in their order: nobody locks anybody out."""
    words = sorted({word for movie in movies for word in movie.title_words})
    known = TitleWord.objects.filter(word__in=words).values_list("word", flat=True)
    new = sorted(set(words).difference(known))
    TitleWord.objects.bulk_create(map(title_word, new), ignore_conflicts=True)


def title_word(word: str) -> TitleWord:
    return TitleWord(word=word, remainders=stored_remainders(word))
