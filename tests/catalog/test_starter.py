from collections import Counter
from pathlib import Path

import pytest

from nexus.catalog.starter import COLUMNS, GENRES, StarterFilm, read_films

ROW = {
    "tmdb_id": "19",
    "imdb_id": "tt0017136",
    "title": "Metropolis",
    "original_title": "",
    "original_language": "de",
    "year": "1927",
    "runtime": "148",
    "genres": "Drama|Science Fiction",
    "directors": "Fritz Lang",
    "cast": "Brigitte Helm|Alfred Abel",
    "vote_average": "8.1",
    "vote_count": "2800",
}
METROPOLIS = StarterFilm(
    tmdb_id=19,
    imdb_id="tt0017136",
    title="Metropolis",
    original_title=None,
    original_language="de",
    year=1927,
    runtime=148,
    genres=("Drama", "Science Fiction"),
    directors=("Fritz Lang",),
    cast=("Brigitte Helm", "Alfred Abel"),
    vote_average=8.1,
    vote_count=2800,
)


@pytest.fixture(scope="module")
def films() -> list[StarterFilm]:
    return read_films()


def write(folder: Path, *rows: str, name: str = "films_one.csv") -> Path:
    text = "\n".join([",".join(COLUMNS), *rows, ""])
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def row(**changes: str) -> str:
    return ",".join((ROW | changes).values())


def test_the_catalogue_is_large_enough_to_recommend_from(
    films: list[StarterFilm],
) -> None:
    assert len(films) >= 400


@pytest.mark.parametrize("name", ["tmdb_id", "imdb_id"])
def test_no_two_films_share_an_id(films: list[StarterFilm], name: str) -> None:
    counts = Counter(getattr(film, name) for film in films)
    assert [id_ for id_, count in counts.items() if count > 1] == []


def test_no_two_films_share_title_and_year(films: list[StarterFilm]) -> None:
    counts = Counter((film.title, film.year) for film in films)
    assert [film for film, count in counts.items() if count > 1] == []


def test_every_number_is_sane(films: list[StarterFilm]) -> None:
    for film in films:
        assert 1920 <= film.year <= 2030, film
        assert 10 <= film.runtime <= 600, film
        assert 5 <= film.vote_average <= 9, film
        assert 40 <= film.vote_count <= 50_000, film


def test_every_film_names_people_and_known_genres(films: list[StarterFilm]) -> None:
    for film in films:
        assert set(film.genres) <= GENRES.keys(), film
        assert film.genres, film
        assert film.directors, film
        assert film.cast, film


def test_genres_are_the_nineteen_of_tmdb() -> None:
    assert len(GENRES) == len(set(GENRES.values())) == 19


def test_a_row_becomes_a_film(tmp_path: Path) -> None:
    assert read_films(write(tmp_path, row())) == [METROPOLIS]


def test_an_original_title_is_kept(tmp_path: Path) -> None:
    (film,) = read_films(write(tmp_path, row(title="Mirror", original_title="Зеркало")))
    assert film.original_title == "Зеркало"


def test_files_are_read_in_name_order_and_others_not_at_all(tmp_path: Path) -> None:
    write(tmp_path, row(tmdb_id="7"), name="films_b.csv")
    write(tmp_path, row(tmdb_id="9"), name="films_a.csv")
    write(tmp_path, row(tmdb_id="8"), name="books.csv")
    assert [film.tmdb_id for film in read_films(tmp_path)] == [9, 7]


@pytest.mark.parametrize(
    "changes",
    [
        {"tmdb_id": ""},
        {"tmdb_id": "0"},
        {"tmdb_id": "-19"},
        {"imdb_id": "0017136"},
        {"title": ""},
        {"title": " Metropolis"},
        {"original_title": "Metropolis"},
        {"original_language": "German"},
        {"year": "1927-01-10"},
        {"runtime": "2 h"},
        {"genres": ""},
        {"genres": "Drama|Sci-Fi"},
        {"genres": "Drama|Drama"},
        {"directors": ""},
        {"cast": "Brigitte Helm||Alfred Abel"},
        {"cast": "Brigitte Helm|Brigitte Helm"},
        {"vote_average": "nan"},
        {"vote_average": "10.1"},
        {"vote_count": "2.8e3"},
        {"vote_count": "2800,one more cell"},
        {"title": '"Metropolis'},
    ],
    ids=str,
)
def test_a_malformed_row_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, str]
) -> None:
    write(tmp_path, row(tmdb_id="7"), row(**changes))
    with pytest.raises(ValueError, match=r"films_one\.csv, line 3: "):
        read_films(tmp_path)


def test_a_row_cut_short_is_refused(tmp_path: Path) -> None:
    write(tmp_path, row(tmdb_id="7"), "19,tt0017136,Metropolis")
    with pytest.raises(ValueError, match=r"line 3: 3 cells, not 12"):
        read_films(tmp_path)


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "films_one.csv").write_text("id,title\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"films_one\.csv, line 1: "):
        read_films(tmp_path)


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, row(), name="films_a.csv")
    write(tmp_path, row(), name="films_b.csv")
    with pytest.raises(ValueError, match=r"films_b\.csv, line 2: its tmdb_id is taken"):
        read_films(tmp_path)
