"""How PostgreSQL finds the films of lists and searches, read from its plans.

With fewer films than the largest installations have. What a plan costs grows with the
films in the same proportion for all of them, but for the way along an ordering's index,
which ends after one page and gets cheaper in comparison: whoever reads the whole table
here does not there, and never the other way round.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from bench.data.load import load
from bench.plans import Seen, explain, look, seen_in
from nexus.catalog.conditions import FilmQuery, Sql
from nexus.catalog.expiry import is_listed
from nexus.catalog.models import Movie
from nexus.catalog.search import best_matches
from nexus.launch.run import database_settings

pytestmark = pytest.mark.django_db(transaction=True)

FILMS = 20_000
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


def test_no_list_and_no_search_reads_all_films(films: None) -> None:
    plans = [*look(analyze=False), *plans_of_searches()]

    assert len(plans) > 4_000
    assert [one.what for one in plans if one.is_sequential] == []
    by_tagline = FilmQuery(Sql("tagline = 'x'"), "id")
    [best] = [one for one in plans if one.what == "top rated "]
    assert any("movies_by_weighted_average" in node for node in best.nodes)
    # Were there one, it would be seen.
    assert explain("", by_tagline.unordered, analyze=False).is_sequential


def plans_of_searches() -> list[Seen]:
    listed = is_listed(timezone.now())
    title = Movie.objects.order_by("id").values_list("title", flat=True)[FILMS // 2]
    typed = [
        title,
        title[:-2],
        f"{title[0]}{title[2:]}",
        "night",
        "the",
        "x",
        "la nuit",
    ]
    return [plan for text in typed for plan in plans_during(listed, text)]


def plans_during(listed: Sql, text: str) -> Iterator[Seen]:
    statements: list[tuple[str, Any]] = []

    def remember(
        execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any
    ) -> Any:
        statements.append((sql, values))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(remember):
        best_matches(listed, text)
    with connection.cursor() as cursor:
        for sql, values in statements:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
            plan = cursor.fetchone()[0]
            yield seen_in(
                text, (json.loads(plan) if isinstance(plan, str) else plan)[0]
            )
