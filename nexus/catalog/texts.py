"""A film's title, overview and tagline in the language that somebody reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from nexus.catalog.models import Movie, MovieText

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Version:
    """What is known of a film in one language, named as BCP 47 does."""

    tag: str
    title: str | None = None
    overview: str | None = None
    tagline: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A text and the language it is in; both are None where nothing is known."""

    text: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Texts:
    title: Told
    overview: Told
    tagline: Told


def english_texts(movie: Movie) -> Texts:
    """Return what lists tell too; asks for nothing."""
    return first_told([english(movie), original(movie)])


def texts_in(movie: Movie, language: str) -> Texts:
    """Return each text in the language, `pt` or `pt-BR`, or in the next best one.

    That is the same language of another country, then English, then the original one.
    """
    code, _, region = language.partition("-")
    own = movie.original_language or ENGLISH
    stored = list(movie.texts.filter(language__in={code, ENGLISH, own}))
    exact = [text for text in stored if (text.language, text.region) == (code, region)]
    return first_told(
        [
            *map(version_of, exact),
            *versions_in(code, movie, stored),
            *versions_in(ENGLISH, movie, stored),
            *versions_in(own, movie, stored),
        ]
    )


def versions_in(
    code: str, movie: Movie, stored: Iterable[MovieText]
) -> Iterable[Version]:
    """Yield what is known in the language, the country that gave its name first."""
    if code == ENGLISH:
        yield english(movie)
    texts = [text for text in stored if text.language == code]
    for text in sorted(texts, key=lambda text: (not is_native(text), text.region)):
        yield version_of(text)
    if code == movie.original_language:
        yield original(movie)


def is_native(text: MovieText) -> bool:
    """fr-FR, not fr-CA: better than any other where no country was asked for."""
    return text.language == text.region.lower()


def version_of(text: MovieText) -> Version:
    return Version(text.tag, text.title, text.overview, text.tagline)


def english(movie: Movie) -> Version:
    """The film's own columns; without an English title they hold the original one."""
    is_original = (
        movie.original_language not in {None, ENGLISH}
        and movie.title == movie.original_title
    )
    title = None if is_original else movie.title
    return Version(ENGLISH, title, movie.overview, movie.tagline)


def original(movie: Movie) -> Version:
    """TMDb leaves the title of a translation empty where it is the original one."""
    return Version(movie.original_language or ENGLISH, movie.original_title)


def first_told(versions: Iterable[Version]) -> Texts:
    versions = list(versions)
    return Texts(
        *(
            next(
                (
                    Told(text, version.tag)
                    for version in versions
                    if (text := getattr(version, field)) is not None
                ),
                Told(None, None),
            )
            for field in ("title", "overview", "tagline")
        )
    )
