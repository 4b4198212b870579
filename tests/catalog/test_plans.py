"""How PostgreSQL finds the films of lists and searches, read from its plans.

With fewer films than the largest installations have. What a plan costs grows with the
films in the same proportion for all of them, but for the way along an ordering's index,
which ends after one page and gets cheaper in comparison: whoever reads the whole table
here does not there, and never the other way round.
"""

from collections.abc import Iterator

import pytest
from django.db import connection

from bench import plans
from bench.data.load import load
from nexus.catalog.conditions import FilmQuery, Sql
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
    kinds = 1 + len(plans.NARROW) + len(plans.WIDE)
    besides = KEPT_BESIDES + len(plans.RANGES)
    assert len(kept) == kinds * len(plans.orders({})) + besides
    lists = [one.nodes for one in kept if "Limit" in one.nodes]
    counted = [nodes for nodes in lists if "WindowAgg" in nodes[nodes.index("Limit") :]]
    assert len(counted) == len(plans.NARROW) * len(plans.orders({}))
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
    assert len(below) == (1 + len(plans.WIDE)) * len(plans.orders({}))
    assert [node for node in below if not node.startswith(ALONG_AN_INDEX)] == []
    by_tagline = FilmQuery(Sql("tagline = 'x'"), "id")
    [best] = [one for one in found if one.what == "top rated "]
    assert any("movies_by_weighted_average" in node for node in best.nodes)
    # Were there one, it would be seen, of whatever table.
    by_name = Sql("SELECT id FROM catalog_person WHERE profile_path = 'x'")
    for read_all in (by_tagline.unordered, by_name):
        assert plans.explain("", read_all, analyze=False).is_wrong
