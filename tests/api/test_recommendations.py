from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from nexus.accounts.models import User
from nexus.catalog.models import Movie
from nexus.ratings.models import HiddenMovie
from nexus.recommendations.films import STORE
from tests.api.edge_caller import unstarted
from tests.builders import make_movie, make_rating, make_viewing
from tests.client import Answer, Api
from tests.query_count import count_queries
from tests.recommendations.cinema import look_up_once
from tests.recommendations.shelf import (
    ALIEN,
    ALIENS,
    AMELIE,
    COMEDY,
    FELLOWSHIP,
    GODFATHER,
    GODFATHER_2,
    MATRIX,
    RELOADED,
    ROMANCE,
    SCIENCE_FICTION,
    SEVEN,
    TITANIC,
    TOY_STORY,
    TWO_TOWERS,
    fill_shelf,
)
from tests.tmdb.films import FILMS
from tests.tmdb.shapes import people
from tests.tmdb_server import TmdbServer

ALL = {film.tmdb_id for film in FILMS}
PATH = "/api/user/recommendations/"


@pytest.fixture(autouse=True)
def shelf(db: None) -> None:
    fill_shelf()


def feed(api: Api, **params: Any) -> Answer:
    return api.get(PATH, **params)


def listed(api: Api, **params: Any) -> list[int]:
    answer = feed(api, **{"page_size": 100} | params)
    assert answer.status == 200, answer
    return [pick["movie"]["id"] for pick in answer.json["results"]]


def recommender(answer: Answer) -> str:
    return str(answer.json["meta"]["recommender"])


def rate(user: User, movie_id: int, stars: float) -> None:
    make_rating(user, Movie.objects.get(id=movie_id), stars=stars)


def hide(user: User, movie_id: int) -> None:
    movie = Movie.objects.get(id=movie_id)
    HiddenMovie.objects.create(user=user, movie=movie, created_at=timezone.now())


def test_it_works(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)

    answer = feed(owner_api)

    assert answer.status == 200
    assert answer.json["count"] == len(FILMS) - 1
    assert answer.json["meta"]["model_version"] == "rules-1"
    first = answer.json["results"][0]
    assert set(first) == {"movie", "match_score", "reasons", "rank"}
    assert first["rank"] == 1
    assert first["movie"]["id"] == RELOADED
    assert first["movie"]["title"] == "The Matrix Reloaded"
    assert "You gave The Matrix 5 stars, also by Lana Wachowski." in [
        one["text"] for one in first["reasons"]
    ]


def test_it_has_a_second_address(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)

    assert (
        owner_api.get("/api/movies/recommendations/").json["results"]
        == feed(owner_api).json["results"]
    )


def test_it_is_private(api: Api, owner_api: Api) -> None:
    assert feed(api).status == 401
    assert feed(owner_api).headers["Cache-Control"] == "private, no-cache"


def test_it_agrees_with_the_match_score(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)
    rate(owner, GODFATHER, 2)

    picks = feed(owner_api).json["results"]

    scores = [pick["match_score"] for pick in picks]
    assert scores == sorted(scores, reverse=True)
    for pick in picks:
        path = f"/api/movies/{pick['movie']['id']}/match_score/"
        assert owner_api.get(path).json["match_score"] == pick["match_score"]


def test_it_shows_a_newcomer_what_is_trending(owner_api: Api, tmdb: TmdbServer) -> None:
    trending = [film.tmdb_id for film in reversed(FILMS)][:20]
    Movie.objects.filter(id=trending[1]).delete()

    answer = feed(owner_api)

    assert recommender(answer) == "trending"
    assert answer.json["meta"]["degraded"] is False
    expected = [id_ for id_ in trending if id_ != trending[1]]
    assert listed(owner_api)[:19] == expected
    assert set(listed(owner_api)[19:]) == ALL - set(trending)


def test_it_shows_a_newcomer_popular_films_without_tmdb(owner_api: Api) -> None:
    answer = feed(owner_api)

    assert recommender(answer) == "trending"
    assert answer.json["meta"]["degraded"] is False
    popular = [film.tmdb_id for film in FILMS[:20]]
    assert [pick["movie"]["id"] for pick in answer.json["results"]] == popular


@pytest.mark.parametrize("kind", ["503", "401", "html", "truncated", "wrong_types"])
def test_it_answers_while_tmdb_fails(
    owner_api: Api, tmdb: TmdbServer, kind: Any
) -> None:
    tmdb.fail(kind)

    answer = feed(owner_api)

    assert answer.status == 200
    assert answer.json["meta"]["degraded"] is True
    assert len(answer.json["results"]) == 20


def test_it_needs_no_tmdb_once_it_knows_the_member(
    owner: User, owner_api: Api, tmdb: TmdbServer
) -> None:
    rate(owner, MATRIX, 5)
    tmdb.fail("503")

    answer = feed(owner_api)

    assert answer.json["meta"]["degraded"] is False
    assert not tmdb.calls


def test_it_follows_declared_genres_at_once(owner_api: Api) -> None:
    before = listed(owner_api)
    owner_api.put("/api/user/preferences/", {"genres": [ROMANCE]})
    romance = feed(owner_api)
    owner_api.put("/api/user/preferences/", {"genres": ["Science Fiction"]})
    science = listed(owner_api)

    after = [pick["movie"]["id"] for pick in romance.json["results"]]
    assert recommender(romance) == "preferences"
    assert after.index(AMELIE) < before.index(AMELIE)
    assert science.index(ALIEN) < before.index(ALIEN)
    assert "You said that you like Romance films." in [
        reason["text"] for pick in romance.json["results"] for reason in pick["reasons"]
    ]


@pytest.mark.parametrize(
    ("declared", "favoured"),
    [
        ({"people": [people("Audrey Tautou")]}, AMELIE),
        ({"movies": [GODFATHER]}, GODFATHER_2),
    ],
)
def test_it_follows_declared_people_and_films(
    owner_api: Api, declared: Any, favoured: int
) -> None:
    before = listed(owner_api).index(favoured)
    owner_api.put("/api/user/preferences/", declared)

    answer = feed(owner_api)

    assert recommender(answer) == "preferences"
    assert listed(owner_api).index(favoured) < before


def test_it_moves_with_every_rating(owner_api: Api) -> None:
    listed(owner_api)
    owner_api.post("/api/ratings/", {"movie": FELLOWSHIP, "stars": 5})
    first = feed(owner_api)
    owner_api.post("/api/ratings/", {"movie": GODFATHER, "stars": 5})
    owner_api.post("/api/ratings/", {"movie": FELLOWSHIP, "stars": 1})
    second = listed(owner_api)

    assert recommender(first) == "personal"
    assert first.json["results"][0]["movie"]["id"] == TWO_TOWERS
    assert second[0] == GODFATHER_2
    assert second.index(TWO_TOWERS) > 20


def test_it_forgets_a_deleted_rating(owner_api: Api) -> None:
    before = feed(owner_api).json
    rating = owner_api.post("/api/ratings/", {"movie": MATRIX, "stars": 5}).json["id"]
    assert feed(owner_api).json != before

    owner_api.delete(f"/api/ratings/{rating}/")

    assert feed(owner_api).json == before


def test_it_never_lists_what_the_member_knows(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)
    make_viewing(owner, Movie.objects.get(id=ALIEN))
    hide(owner, TITANIC)

    assert set(listed(owner_api)) == ALL - {MATRIX, ALIEN, TITANIC}


def test_it_lists_known_films_if_asked(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)
    make_viewing(owner, Movie.objects.get(id=ALIEN))
    rate(owner, TITANIC, 5)
    hide(owner, TITANIC)

    assert set(listed(owner_api, include_watched="true")) == ALL - {TITANIC}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"search": "godfather"}, {GODFATHER, GODFATHER_2}),
        ({"genres": "Comedy,Romance"}, {AMELIE, 13}),
        (
            {"genres": f"{COMEDY}|{ROMANCE}"},
            {AMELIE, 13, TITANIC, TOY_STORY, 105, 496243},
        ),
        ({"year": 1972}, {GODFATHER}),
        ({"year_min": 1972, "year_max": 1974}, {GODFATHER, GODFATHER_2}),
        ({"runtime_max": 90}, {TOY_STORY}),
        ({"runtime_min": 195}, {GODFATHER_2, 122, 424}),
        ({"vote_average_min": 8.4}, {MATRIX, RELOADED, 550}),
        ({"vote_average_max": 7.0}, {389, 62}),
        ({"vote_count_min": 8800}, {MATRIX, RELOADED, 550}),
        ({"language": "ko"}, {496243}),
        ({"person": people("Sigourney Weaver")}, {ALIEN, ALIENS}),
        ({"ids": f"{MATRIX},{SEVEN},999"}, {MATRIX, SEVEN}),
        ({"year": 1900}, set()),
    ],
)
def test_it_filters(
    owner_api: Api, filters: dict[str, Any], expected: set[int]
) -> None:
    assert set(listed(owner_api, **filters)) == expected


def test_it_counts_what_passes(owner_api: Api) -> None:
    answer = feed(owner_api, genres="Science Fiction", page_size=3)

    wanted = {film.tmdb_id for film in FILMS if SCIENCE_FICTION in film.genre_ids}
    assert answer.json["count"] == len(wanted)
    assert answer.json["total_pages"] == -(-len(wanted) // 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("diversity", "1.01"),
        ("diversity", "-0.1"),
        ("diversity", "high"),
        ("novelty", "2"),
        ("novelty", "nan"),
        ("include_watched", "yes"),
        ("page", "0"),
        ("page", "501"),
        ("page_size", "101"),
        ("page_size", "0"),
        ("genres", "Opera"),
        ("ordering", "title"),
        ("cursor", "x"),
    ],
)
def test_it_refuses_nonsense(owner_api: Api, name: str, value: str) -> None:
    answer = feed(owner_api, **{name: value})

    assert answer.status == 400
    assert name in answer.json["errors"]


def test_it_diversifies(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)
    rate(owner, ALIEN, 5)

    plain, mixed = (
        feed(owner_api, diversity=share, page_size=6).json for share in (0, 0.8)
    )

    assert mixed["meta"]["intra_list_distance"] > plain["meta"]["intra_list_distance"]
    assert mixed["count"] == plain["count"]


def test_it_digs_for_the_less_known(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)

    known = [
        feed(owner_api, novelty=share, page_size=6).json["meta"]["popularity"]
        for share in (0, 0.5, 1)
    ]

    assert known[0] > known[1] > known[2]


def test_it_takes_the_ends_of_both_scales(owner_api: Api) -> None:
    assert set(listed(owner_api, diversity=1, novelty=1)) == ALL
    assert listed(owner_api, diversity="0", novelty="0.0") == listed(owner_api)


def test_it_turns_pages(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 5)
    whole = listed(owner_api)
    path: str | None = f"{PATH}?page_size=7&diversity=0.3"
    ids, ranks = [], []
    while path:
        page = owner_api.get(path).json
        ids += [pick["movie"]["id"] for pick in page["results"]]
        ranks += [pick["rank"] for pick in page["results"]]
        path = page["next"]

    assert len(ids) == len(set(ids)) == len(whole)
    assert ranks == list(range(1, len(whole) + 1))
    assert ids == listed(owner_api, diversity=0.3)


def test_it_links_its_pages(owner_api: Api) -> None:
    page = feed(owner_api, page=2, page_size=10, novelty=0.5).json

    assert (page["count"], page["page"], page["total_pages"]) == (32, 2, 4)
    assert "page=3" in page["next"]
    assert "page=1" in page["previous"]
    assert "novelty=0.5" in page["next"]


def test_it_has_no_page_past_the_last(owner_api: Api) -> None:
    assert feed(owner_api, page=2, page_size=32).status == 404
    assert feed(owner_api, page=1, page_size=32).json["next"] is None


def test_it_ends_after_500_films(owner_api: Api) -> None:
    for n in range(480):
        make_movie(title=f"More {n}")

    assert feed(owner_api, page_size=100).json["count"] == 500
    assert len(feed(owner_api, page_size=100, page=5).json["results"]) == 100
    assert feed(owner_api, page_size=100, page=6).status == 404


def test_it_answers_with_an_empty_catalogue(owner_api: Api) -> None:
    Movie.objects.all().delete()

    answer = feed(owner_api)

    assert (answer.status, answer.json["count"]) == (200, 0)
    assert answer.json["meta"]["popularity"] is None


def test_it_gives_equal_lists_for_equal_input(owner: User, owner_api: Api) -> None:
    rate(owner, MATRIX, 4)
    twins = [make_movie(title="Twin", genres=[878]).pk for _ in range(3)]

    first, second = listed(owner_api), listed(owner_api)

    assert first == second
    assert [id_ for id_ in first if id_ in twins] == sorted(twins)


def test_it_keeps_members_apart(owner: User, owner_api: Api, stranger_api: Api) -> None:
    before = feed(stranger_api).json
    rate(owner, TWO_TOWERS, 5)
    hide(owner, TITANIC)
    listed(owner_api)

    assert feed(stranger_api).json == before


def test_it_knows_an_imported_film_at_once(owner_api: Api, tmdb: TmdbServer) -> None:
    Movie.objects.filter(id=TITANIC).delete()
    assert TITANIC not in listed(owner_api)

    answer = owner_api.post("/api/tmdb/import/", {"tmdb_id": TITANIC})

    assert answer.status == 201
    assert TITANIC in listed(owner_api)


def test_it_forgets_a_film_that_tmdb_took_back(owner_api: Api) -> None:
    assert TITANIC in listed(owner_api)
    now = timezone.now()
    Movie.objects.filter(id=TITANIC).update(removed_at=now, updated_at=now)

    assert set(listed(owner_api)) == ALL - {TITANIC}
    assert feed(owner_api).json["count"] == len(ALL) - 1


def test_it_skips_a_film_deleted_by_hand(owner_api: Api) -> None:
    listed(owner_api)
    old = timezone.now() - timedelta(days=30)
    Movie.objects.update(updated_at=old)
    Movie.objects.filter(id=FELLOWSHIP).update(updated_at=timezone.now())
    listed(owner_api)
    Movie.objects.get(id=TITANIC).delete()

    assert set(listed(owner_api)) == ALL - {TITANIC}
    assert feed(owner_api).json["count"] == len(ALL) - 1


def test_it_asks_as_much_for_one_film_as_for_a_hundred(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    rate(owner, MATRIX, 5)
    for n in range(100):
        make_movie(title=f"More {n}", genres=[878])
    feed(owner_api)

    def ask(page_size: int) -> int:
        return count_queries(lambda: feed(owner_api, page_size=page_size))

    assert ask(1) == ask(10) == ask(100)


def test_it_asks_as_much_for_one_rating_as_for_a_hundred(
    owner: User, owner_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up_once(monkeypatch)
    counts = []
    for n in (1, 9, 90):
        for _ in range(n):
            make_rating(owner, make_movie(title="Seen", genres=[878]))
        feed(owner_api)  # the new films are read once
        counts.append(count_queries(lambda: feed(owner_api)))

    assert counts[0] == counts[1] == counts[2]


def test_it_is_told_again_byte_by_byte(owner: User, owner_api: Api) -> None:
    STORE.listen_to(unstarted(hears=True))
    rate(owner, MATRIX, 5)
    first = feed(owner_api, page_size=2)

    again = feed(owner_api, page_size=2)
    second_page = feed(owner_api, page_size=2, page=2)

    assert again.json == first.json
    assert again.json["next"].startswith("http://testserver/")
    assert listed_in(second_page).isdisjoint(listed_in(first))


def test_a_page_that_is_not_there_is_not_told_again_either(
    owner: User, owner_api: Api
) -> None:
    STORE.listen_to(unstarted(hears=True))
    rate(owner, MATRIX, 5)

    found = [feed(owner_api, page=400).status for _ in range(2)]

    assert found == [404, 404]


def listed_in(answer: Answer) -> set[int]:
    return {pick["movie"]["id"] for pick in answer.json["results"]}
