import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Genre, Movie, Person
from nexus.ratings.models import GenrePreference, MoviePreference, PersonPreference
from nexus.recommendations.films import STORE
from tests.api.edge_caller import unstarted
from tests.builders import make_movie, make_rating
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.recommendations.cinema import look_up_once
from tests.recommendations.shelf import (
    AMELIE,
    FELLOWSHIP,
    FIGHT_CLUB,
    GODFATHER,
    MATRIX,
    RELOADED,
    SCIENCE_FICTION,
    TITANIC,
    TWO_TOWERS,
    fill_shelf,
)
from tests.tmdb.films import FILMS
from tests.tmdb.shapes import people
from tests.tmdb_server import TmdbServer

FIELDS = {
    "movie_id",
    "match_score",
    "expected_stars",
    "interval",
    "confidence",
    "evidence_count",
    "components",
    "base_points",
    "reasons",
    "cold_start",
    "model_version",
}


@pytest.fixture(autouse=True)
def shelf(db: None) -> None:
    fill_shelf()


def score(api: Api, movie_id: int) -> Answer:
    return api.get(f"/api/movies/{movie_id}/match_score/")


def rate(user: User, **stars_by_id: float) -> None:
    for movie_id, stars in stars_by_id.items():
        make_rating(user, Movie.objects.get(id=movie_id.removeprefix("m")), stars=stars)


def declare(user: User) -> None:
    genre = Genre.objects.get(id=SCIENCE_FICTION)
    GenrePreference.objects.create(user=user, genre=genre)
    keanu = Person.objects.get(id=people("Keanu Reeves"))
    PersonPreference.objects.create(user=user, person=keanu)
    fellowship = Movie.objects.get(id=FELLOWSHIP)
    MoviePreference.objects.create(user=user, movie=fellowship)


def test_it_works(owner: User, owner_api: Api) -> None:
    rate(owner, m603=5, m238=2)

    answer = score(owner_api, RELOADED)

    assert answer.status == 200
    assert set(answer.json) == FIELDS
    assert answer.json["movie_id"] == RELOADED
    assert answer.json["model_version"] == "rules-1"
    assert answer.json["cold_start"] is False
    assert answer.json["confidence"] in {"low", "medium", "high"}
    assert answer.json["evidence_count"] == 1
    assert 0.5 <= answer.json["expected_stars"] <= 5


@pytest.mark.parametrize(
    "stars", [{}, {"m603": 5}, {"m603": 0.5, "m238": 5, "m194": 3, "m120": 4.5}]
)
@pytest.mark.parametrize("declares", [False, True])
def test_it_adds_up(
    owner: User, owner_api: Api, stars: dict[str, float], declares: bool
) -> None:
    rate(owner, **stars)
    if declares:
        declare(owner)

    for film in FILMS:
        found = score(owner_api, film.tmdb_id).json

        names = [part["name"] for part in found["components"]]
        assert names == ["genre_affinity", "rating_history", "popularity"]
        points = [part["points"] for part in found["components"]]
        assert all(isinstance(n, int) for n in [*points, found["base_points"]])
        assert found["base_points"] + sum(points) == found["match_score"]
        low, high = found["interval"]
        assert 0 <= low <= found["match_score"] <= high <= 100
        assert found["cold_start"] is (not set(stars) - {f"m{film.tmdb_id}"})


def test_it_says_why_in_words(owner: User, owner_api: Api) -> None:
    rate(owner, m603=5, m120=2)
    declare(owner)

    reasons = score(owner_api, RELOADED).json["reasons"]

    told = {reason["text"]: reason for reason in reasons}
    rated = told["You gave The Matrix 5 stars, also by Lana Wachowski."]
    assert rated["type"] == "rated_movie"
    assert rated["movie"] == {"id": MATRIX, "title": "The Matrix"}
    wachowski = "Lana Wachowski"
    assert rated["person"] == {"id": people(wachowski), "name": wachowski}
    assert rated["points"] > 0
    genre = told["You give Science Fiction films 5.0 stars on average."]
    assert genre["genre"] == {"id": SCIENCE_FICTION, "name": "Science Fiction"}
    person = told["You said that you like Keanu Reeves."]
    assert person["person"] == {"id": people("Keanu Reeves"), "name": "Keanu Reeves"}
    assert "genre" not in person


def test_it_says_what_speaks_against_a_film(owner: User, owner_api: Api) -> None:
    rate(owner, m120=1)

    reasons = score(owner_api, TWO_TOWERS).json["reasons"]

    against = next(reason for reason in reasons if reason["type"] == "rated_movie")
    fellowship = "The Lord of the Rings: The Fellowship of the Ring"
    assert (
        against["text"] == f"You gave {fellowship} only 1 star, also by Peter Jackson."
    )
    assert against["points"] < 0


def test_it_names_declared_films_and_genres(owner: User, owner_api: Api) -> None:
    declare(owner)

    texts = {
        reason["text"]
        for movie_id in (TWO_TOWERS, MATRIX)
        for reason in score(owner_api, movie_id).json["reasons"]
    }

    fellowship = "The Lord of the Rings: The Fellowship of the Ring"
    assert f"You said that you like {fellowship}." in texts
    assert "You said that you like Science Fiction films." in texts


def test_it_puts_the_strongest_reason_first(owner: User, owner_api: Api) -> None:
    rate(owner, m603=5, m120=2, m194=4)

    points = [abs(one["points"]) for one in score(owner_api, RELOADED).json["reasons"]]

    assert points == sorted(points, reverse=True)


def test_it_knows_a_newcomer(owner_api: Api) -> None:
    found = score(owner_api, FIGHT_CLUB).json

    assert found["cold_start"] is True
    assert found["confidence"] == "low"
    assert found["evidence_count"] == 0
    assert {one["type"] for one in found["reasons"]} <= {"quality", "popularity"}


def test_it_moves_with_a_rating(owner: User, owner_api: Api) -> None:
    before = score(owner_api, TWO_TOWERS).json["match_score"]
    rate(owner, m120=5)

    after = score(owner_api, TWO_TOWERS).json["match_score"]

    assert after > before


def test_it_leaves_the_films_own_rating_out(owner: User, owner_api: Api) -> None:
    rate(owner, m194=4)
    before = score(owner_api, MATRIX).json
    rate(owner, m603=0.5)

    assert score(owner_api, MATRIX).json == before


def test_it_matches_a_person_by_an_older_id(owner: User, owner_api: Api) -> None:
    audrey = Person.objects.get(id=people("Audrey Tautou"))
    older = Person.objects.create(id=-5, name=audrey.name, replaced_by=audrey)
    film = make_movie(title="Early Film", genres=[18])
    film.credits.create(person=older, kind="cast", position=0)
    PersonPreference.objects.create(user=owner, person=audrey)

    reasons = score(owner_api, film.pk).json["reasons"]

    person = next(one["person"] for one in reasons if one["type"] == "person")
    assert person == {"id": audrey.pk, "name": "Audrey Tautou"}


def test_it_stores_a_film_that_only_tmdb_knows(
    owner: User, owner_api: Api, tmdb: TmdbServer
) -> None:
    Movie.objects.get(id=TITANIC).delete()
    score(owner_api, AMELIE)

    answer = score(owner_api, TITANIC)

    assert answer.status == 200
    assert answer.json["movie_id"] == TITANIC
    assert Movie.objects.filter(id=TITANIC).exists()


def test_it_refuses_a_film_that_nobody_knows(owner_api: Api, tmdb: TmdbServer) -> None:
    answer = score(owner_api, 424_242)

    assert (answer.status, answer.code) == (404, "movie_not_found")


def test_it_refuses_an_unknown_film_without_tmdb(owner_api: Api) -> None:
    assert score(owner_api, 424_242).status == 404


def test_it_says_that_an_unknown_film_cannot_be_asked_for(
    owner_api: Api, tmdb: TmdbServer
) -> None:
    tmdb.fail("503")

    answer = score(owner_api, 424_242)

    assert answer.status == 503
    assert "Retry-After" in answer.headers


def test_it_refuses_a_film_that_tmdb_took_back(owner_api: Api) -> None:
    score(owner_api, MATRIX)
    matrix = Movie.objects.get(id=MATRIX)
    matrix.removed_at = matrix.fetched_at
    matrix.save()

    assert score(owner_api, MATRIX).status == 404
    assert score(owner_api, RELOADED).status == 200


def test_it_tells_how_it_would_be_without_a_rating(owner: User, owner_api: Api) -> None:
    rate(owner, m238=2)
    before = score(owner_api, RELOADED).json
    rate(owner, m603=5)

    answer = owner_api.get(f"/api/movies/{RELOADED}/match_score/", without=str(MATRIX))

    assert answer.json["without"] == {
        "movie": {"id": MATRIX, "title": "The Matrix"},
        "match_score": before["match_score"],
        "expected_stars": before["expected_stars"],
        "interval": before["interval"],
        "difference": answer.json["match_score"] - before["match_score"],
    }
    assert answer.json["without"]["difference"] > 0


def test_it_is_private(api: Api, owner_api: Api) -> None:
    assert score(api, MATRIX).status == 401
    cache_control = score(owner_api, MATRIX).headers["Cache-Control"]
    assert cache_control == "private, no-cache"


def test_it_keeps_members_apart(owner: User, owner_api: Api, stranger_api: Api) -> None:
    before = score(stranger_api, TWO_TOWERS).json
    rate(owner, m120=5, m122=5)

    assert score(owner_api, TWO_TOWERS).json["match_score"] > before["match_score"]
    assert score(stranger_api, TWO_TOWERS).json == before


def test_it_refuses_parameters(owner_api: Api) -> None:
    answer = owner_api.get(f"/api/movies/{MATRIX}/match_score/", verbose="1")

    assert answer.field_code("verbose") == "unknown_parameter"


def test_it_asks_as_much_for_one_rating_as_for_a_hundred(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    score(owner_api, GODFATHER)
    counts = []
    for n in (1, 9, 90):
        for _ in range(n):
            make_rating(owner, make_movie(title="Seen", genres=[18, 80]))
        score(owner_api, GODFATHER)  # the new films are read once
        counts.append(count_queries(lambda: score(owner_api, GODFATHER)))

    assert counts[0] == counts[1] == counts[2]


def test_it_asks_for_the_member_alone_while_no_film_changes(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    changes = unstarted(hears=True)
    STORE.listen_to(changes)
    rate(owner, m603=5.0)
    score(owner_api, GODFATHER)
    score(owner_api, GODFATHER)  # the picture is the newest, as is seen only now

    told = count_queries(lambda: score(owner_api, GODFATHER))
    Movie.objects.filter(id=GODFATHER).update(removed_at=timezone.now())
    changes.begin_anew()
    taken_back = score(owner_api, GODFATHER)

    assert told == 2  # and genres' names, which tests do not keep
    assert taken_back.status == 404
