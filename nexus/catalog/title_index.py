"""What films and words are found by when somebody types a title."""

from collections.abc import Iterable, Iterator
from typing import Final

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now

from nexus.catalog.models import LastRun, Movie, MovieText, TitleWord
from nexus.catalog.titles import (
    all_words_of,
    keys_of,
    sort_title,
    stored_remainders,
)

AT_ONCE = 1_000
# Said to be done of all films; another name where the rule becomes another.
DERIVED: Final = "write words with their vowel signs"
DERIVED_COLUMNS: Final = ("sort_title", "title_keys", "title_words")
READ: Final = ("id", "title", "original_title", "original_language", *DERIVED_COLUMNS)


def derive_titles(movie: Movie, other_titles: Iterable[str] = ()) -> None:
    """Set the columns that derive from the film's titles, those of any language."""
    titles = [movie.title, movie.original_title, *other_titles]
    movie.sort_title = sort_title(
        movie.title, movie.original_title, movie.original_language
    )
    movie.title_keys = keys_of(titles)
    movie.title_words = all_words_of(titles)


def derive_missing() -> int:
    """Derive what an older version did not; return for how many films.

    Some at a time, each time for good: an interrupted run goes on where it ended.
    """
    total = 0
    lacking = Movie.objects.filter(title_keys=[]).order_by("id")
    while done := derive(lacking[:AT_ONCE]):
        total += done
    return total


@transaction.atomic
def derive(films: QuerySet[Movie]) -> int:
    """Derive as these films are called now."""
    movies = with_titles(films.select_for_update(no_key=True))
    for movie in movies:
        derive_from_all(movie)
    store_words(movies)
    Movie.objects.bulk_update(movies, DERIVED_COLUMNS)
    return len(movies)


def with_titles(films: QuerySet[Movie]) -> list[Movie]:
    titled = MovieText.objects.filter(title__isnull=False).only("movie", "title")
    texts = Prefetch("texts", titled, to_attr="titled")
    return list(films.only(*READ).prefetch_related(texts))


def derive_from_all(movie: Movie) -> None:
    texts: list[MovieText] = movie.titled  # type: ignore[attr-defined]  # read by with_titles
    derive_titles(movie, [text.title for text in texts if text.title])


def are_all_right() -> bool:
    return LastRun.objects.filter(job=DERIVED).exists()


def derive_anew() -> int:
    """Put right what an older version derived otherwise; return for how many films.

    All titles are looked at; few films are written, after an interruption fewer. It is
    done once none was wrong: until then that version may have served and stored more.
    """
    if are_all_right():
        return 0
    total = 0
    for batch in batches():
        wrong = [movie.pk for movie in batch if is_wrong(movie)]
        total += derive(Movie.objects.filter(id__in=wrong).order_by("id"))
    if not total:
        done = LastRun(job=DERIVED, began_at=Now())
        LastRun.objects.bulk_create([done], ignore_conflicts=True)
    return total


def batches() -> Iterator[list[Movie]]:
    last = 0
    films = Movie.objects.order_by("id")
    while batch := with_titles(films.filter(id__gt=last)[:AT_ONCE]):
        yield batch
        last = batch[-1].pk


def is_wrong(movie: Movie) -> bool:
    """Say whether it is sorted wrong, or cannot be found by all that it should."""
    sorted_by, keys, words = movie.sort_title, movie.title_keys, movie.title_words
    derive_from_all(movie)
    lacks = {*movie.title_keys}.difference(keys) or {*movie.title_words}.difference(
        words
    )
    return movie.sort_title != sorted_by or bool(lacks)


def store_words(movies: Iterable[Movie]) -> None:
    """Store the words that are new, in their order: nobody locks anybody out."""
    words = sorted({word for movie in movies for word in movie.title_words})
    known = TitleWord.objects.filter(word__in=words).values_list("word", flat=True)
    new = sorted(set(words).difference(known))
    TitleWord.objects.bulk_create(map(title_word, new), ignore_conflicts=True)


def title_word(word: str) -> TitleWord:
    return TitleWord(word=word, remainders=stored_remainders(word))
