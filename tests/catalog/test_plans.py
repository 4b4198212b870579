"""How PostgreSQL finds the films of lists and searches, read from its plans.

With fewer films than the largest installations have. What a plan costs grows with the
films in the same proportion for all of them, but for the way along an ordering's index,
which ends after one page and gets cheaper in comparison: whoever reads the whole table
here does not there, and never the other way round.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from bench import plans
from bench.data.load import load
from nexus.catalog import pages
from nexus.catalog.conditions import FilmQuery, Sql
from nexus.catalog.queries import MovieFilters, find_movies
from nexus.launch.run import database_settings

pytestmark = pytest.mark.django_db(transaction=True)

FILMS = 20_000
KEPT_BESIDES = 10  # what is read of films by their ids, of people and of members
BY_ID = "Index Scan on catalog_movie by catalog_movie_pkey"
ALONG_AN_INDEX = ("Index Only Scan", "Incremental Sort")
OF_THE_SESSION = ("effective_cache_size", "random_page_cost", "jit")


@pytest.fixture
def films() -> Iterator[None]:
    """Load films, and plan as the product's own server does."""
    load(films=FILMS, members=0, ratings=0, viewings=0, seed=1)
    production = database_settings()
    with connection.cursor() as cursor:
        for name in OF_THE_SESSION:
            cursor.execute(f"SET {name} = '{production[name]}'")
    yield
    connection.close()  # with its settings


def test_nothing_reads_all_films(films: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # The words are so few here; those of a million films are found by their index.
    monkeypatch.setattr(plans, "SMALL", {*plans.SMALL, "catalog_titleword"})
    found = list(plans.look(analyze=False))

    assert len(found) > 4_000
    assert [(one.what, one.nodes) for one in found if one.is_wrong] == []
    kept = [one for one in found if one.kind == "kept"]
    orders, now = plans.orders({}), timezone.now()
    walks = [
        order
        for order in orders
        for wide in plans.WIDE
        if plans.lists_of(wide, now, order).walk is not None
    ]
    besides = KEPT_BESIDES + len(plans.RANGES)
    assert len(kept) == (1 + len(plans.NARROW)) * len(orders) + len(walks) + besides
    lists = [one.nodes for one in kept if "Limit" in one.nodes]
    counted = [nodes for nodes in lists if "WindowAgg" in nodes[nodes.index("Limit") :]]
    assert len(counted) == len(plans.NARROW) * len(orders)
    assert {nodes[-1] for nodes in counted} == {BY_ID}
    ranges = [nodes for nodes in lists if nodes[0] == "Aggregate"]
    assert len(ranges) == len(plans.RANGES)
    others = [nodes for nodes in lists if nodes not in counted + ranges]
    below = [
        next(
            node
            for node in nodes[nodes.index("Limit") + 1 :]
            if node != "Subquery Scan"
        )
        for nodes in others
    ]
    assert len(below) == len(orders) + len(walks)
    assert [node for node in below if not node.startswith(ALONG_AN_INDEX)] == []
    by_tagline = FilmQuery(Sql("tagline = 'x'"), "id")
    [best] = [one for one in found if one.what == "top rated "]
    assert any("movies_by_weighted_average" in node for node in best.nodes)
    # Were there one, it would be seen, of whatever table.
    by_name = Sql("SELECT id FROM catalog_person WHERE profile_path = 'x'")
    for read_all in (by_tagline.unordered, by_name):
        assert plans.explain("", read_all, analyze=False).is_wrong


@pytest.mark.parametrize(
    ("wanted", "ordering"),
    [
        ({"year_min": 2000}, "release_date"),
        ({"year_max": 2000}, "-release_date"),
        ({"runtime_min": 100}, "runtime"),
        ({"vote_average_min": 7}, "vote_average"),
    ],
)
def test_a_wide_range_is_found_from_any_end_of_its_own_order(
    films: None, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], ordering: str
) -> None:
    monkeypatch.setattr(pages, "LAST_PAGE", 5)
    monkeypatch.setattr(pages, "LEAST_SURE", 0)
    filters, now = MovieFilters(**wanted), timezone.now()
    read = partial(
        find_movies, filters, page=1, page_size=20, ordering=ordering, now=now
    )

    found = list(plans.plans_during("", read, analyze=True))

    # A walk from the other end reads 160 to 222 of these few films.
    assert max(one.blocks for one in found) < 100
