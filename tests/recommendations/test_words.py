import pytest

from nexus.engine import Reason
from nexus.recommendations.common import Common
from nexus.recommendations.words import Names, Thing, put_in_words, shared_audience

NAMES = Names(
    genres={18: "Drama"},
    people={5: "Jodie Foster", 6: "Lana Wachowski"},
    movies={603: "The Matrix"},
    common={(1, 603): Common(6, directed=True), (2, 603): Common(5, directed=False)},
)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("rated_movie", 603, 4.5, 3.0), "You gave The Matrix 4.5 stars."),
        (Reason("rated_movie", 603, 1.0, -3.0), "You gave The Matrix only 1 star."),
        (Reason("rated_movie", 603, 0.5, -3.0), "You gave The Matrix only 0.5 stars."),
        (Reason("liked_movie", 603, None, 3.0), "You said that you like The Matrix."),
        (
            Reason("genre", 18, 3.25, -1.0),
            "You give Drama films 3.2 stars on average.",
        ),
        (Reason("genre", 18, None, 1.0), "You said that you like Drama films."),
        (Reason("person", 5, None, 1.0), "You said that you like Jodie Foster."),
        (
            Reason("quality", None, 3.9, 1.0),
            "Its votes, weighed by their number, come to 7.8 of 10: above average.",
        ),
        (
            Reason("quality", None, 2.5, -1.0),
            "Its votes, weighed by their number, come to 5.0 of 10: below average.",
        ),
        (
            Reason("popularity", None, None, 1.0),
            "More people voted on it than on most films.",
        ),
        (
            Reason("popularity", None, None, -1.0),
            "Fewer people voted on it than on most films.",
        ),
    ],
)
def test_it_says(reason: Reason, text: str) -> None:
    (found,) = put_in_words([reason], NAMES)

    assert found.text == text
    assert found.type == reason.kind
    assert found.points == reason.points


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason("rated_movie", 603, 4.5, 3.0), "You gave The Matrix 4.5 stars."),
        (Reason("rated_movie", 603, 1.0, -3.0), "You gave The Matrix only 1 star."),
        (
            Reason("rated_movie", 603, 5.0, -3.0),
            "You gave The Matrix 5 stars: who does so tends to like this one less.",
        ),
        (
            Reason("rated_movie", 603, 2.0, 3.0),
            "You gave The Matrix 2 stars: who does so tends to like this one more.",
        ),
        (Reason("person", 5, None, 0.0), "You said that you like Jodie Foster."),
        (
            Reason("quality", None, 4.21, 1.0),
            "Those who rated it gave about 4.2 stars, more than to most films.",
        ),
        (
            Reason("quality", None, 2.0, -1.0),
            "Those who rated it gave about 2.0 stars, less than to most films.",
        ),
        (
            Reason("popularity", None, None, 1.0),
            "Films like it suit more people than most films do.",
        ),
        (
            Reason("popularity", None, None, -1.0),
            "Films like it suit fewer people than most films do.",
        ),
        (
            Reason("genre", 18, 4.5, 6.0, "Drama"),
            "You like Drama films more than most people do.",
        ),
        (
            Reason("genre", 18, 2.0, -0.1, "Drama"),
            "You like Drama films less than most people do.",
        ),
        (
            Reason("genre", 18, 3.5, 0.04, "Drama"),
            "You like Drama films about as much as most people do.",
        ),
        (
            Reason("genre", 18, None, 1.0, "Drama"),
            "Going by your ratings, Drama films suit you more than most people.",
        ),
        (
            Reason("genre", 18, None, -1.0, "Drama"),
            "Going by your ratings, Drama films suit you less than most people.",
        ),
        (
            Reason("genre", None, None, 0.0, "Film-Noir"),
            "Going by your ratings, films noirs suit you about as much as most people.",
        ),
        (Reason("genre", 18, None, 0.0), "You said that you like Drama films."),
    ],
)
def test_it_says_what_a_model_has_learned(reason: Reason, text: str) -> None:
    (found,) = put_in_words([reason], NAMES, learned=True)

    assert found.text == text


@pytest.mark.parametrize(
    ("group", "films"),
    [
        ("IMAX", "IMAX films"),
        ("Film-Noir", "films noirs"),
        ("(no genres listed)", "films without a genre"),
        ("Musical", "Musical films"),
    ],
)
@pytest.mark.parametrize("genre_id", [None, 404])
def test_a_group_that_is_no_genre_of_ours_counts(
    group: str, films: str, genre_id: int | None
) -> None:
    reason = Reason("genre", genre_id, 4.0, 2.0, group)

    (found,) = put_in_words([reason], NAMES, learned=True)

    assert found.text == f"You like {films} more than most people do."
    assert (found.type, found.points, found.thing) == ("genre", 2.0, None)


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize(
    ("film", "points", "text", "person"),
    [
        (1, 2.0, "You gave The Matrix 5 stars, also by Lana Wachowski.", 6),
        (2, 2.0, "You gave The Matrix 5 stars, also with Jodie Foster.", 5),
        (3, 2.0, "You gave The Matrix 5 stars.", None),
    ],
)
def test_it_names_who_is_in_both_films(
    film: int, points: float, text: str, person: int | None, *, learned: bool
) -> None:
    reason = Reason("rated_movie", 603, 5.0, points)

    (found,) = put_in_words([reason], NAMES, learned=learned, film_id=film)

    assert found.text == text
    shared = person and Thing("person", person, NAMES.people[person])
    assert found.person == shared


def test_it_names_them_also_where_it_is_the_other_way_round() -> None:
    reason = Reason("rated_movie", 603, 5.0, -2.0)

    (found,) = put_in_words([reason], NAMES, learned=True, film_id=1)

    assert found.text == (
        "You gave The Matrix 5 stars, also by Lana Wachowski: "
        "who does so tends to like this one less."
    )


@pytest.mark.parametrize("kind", ["rated_movie", "liked_movie", "genre", "person"])
def test_it_leaves_out_what_has_no_name_any_more(kind: str) -> None:
    reason = Reason(kind, 404, 4.0, 1.0)  # type: ignore[arg-type]  # one of four

    assert put_in_words([reason], NAMES) == []


@pytest.mark.parametrize(
    ("liked", "text"),
    [
        (True, "People who like The Matrix are likely to like it, too."),
        (False, "People who watched The Matrix watched it, too."),
    ],
)
def test_it_says_who_else_picks_a_film(text: str, *, liked: bool) -> None:
    matrix = Thing("movie", 603, "The Matrix")

    found = shared_audience(matrix, liked=liked)

    assert (found.type, found.text, found.thing) == ("rated_movie", text, matrix)
