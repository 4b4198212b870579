"""What is in the database, read past the product."""

import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, Final

import psycopg

from bench.data.load import PASSWORD
from bench.drill.services import Site
from bench.drill.writer import Writer
from bench.mix.caller import Somebody
from bench.mix.ledger import joined, lost_ratings
from bench.people import Tokens
from nexus.lib.seldom import Seldom

MAILS_PER_S: Final = 2.0
# As `writer` numbers what it writes.
ROWS: Final = {
    "rating": "SELECT user_id, movie_id, review::bigint * 16 + half_stars"
    " FROM ratings_rating",
    "viewing": "SELECT user_id, watched_on - '1950-01-01'::date, movie_id"
    " FROM ratings_viewing",
    "playlist": "SELECT owner_id, name::bigint, movie_id FROM playlists_playlist p"
    " JOIN playlists_playlistitem i ON i.playlist_id = p.id",
}


def ask(site: Site, query: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(site.url, autocommit=True) as connection:
        return connection.execute(query.encode(), values or None).fetchall()


def writers_of(site: Site, count: int) -> list[Writer]:
    films = [film for (film,) in ask(site, "SELECT id FROM catalog_movie ORDER BY id")]
    people = [register(site, number) for number in range(2 * count)]
    mails = Seldom(1 / MAILS_PER_S)
    return [
        Writer(site.port, people[place::count], films, mails, seed=place)
        for place in range(count)
    ]


def register(site: Site, number: int) -> Somebody:
    address = f"drill-{number}-{secrets.token_hex(4)}@example.org"
    body = {"name": f"Drill {number}", "email": address, "password": PASSWORD}
    headers = {"Content-Type": "application/json"}
    place = HTTPConnection("127.0.0.1", site.port, timeout=30)
    with closing(place) as connection:
        connection.request("POST", "/api/auth/register/", json.dumps(body), headers)
        told = json.loads(connection.getresponse().read())
    ((pk,),) = ask(site, "SELECT id FROM accounts_user WHERE email = %s", address)
    return Somebody(pk, address, Tokens(told["access"], told["refresh"]))


def lost_of(site: Site, writers: Sequence[Writer]) -> list[str]:
    """Hold everything that was ever acknowledged against the rows."""
    return [
        f"{what}: {one}"
        for what, query in ROWS.items()
        for one in lost_ratings(
            joined(writer.ledgers[what] for writer in writers),
            {(member, number): value for member, number, value in ask(site, query)},
        )
    ]
