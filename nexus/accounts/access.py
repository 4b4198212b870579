"""Which access tokens can be believed without asking the database.

A token carries the version that its member's access had when it was signed. The
version grows whenever sessions end, the role changes or the member is shut out, and
Valkey keeps the newest for half a minute. A token of that version is believed; an older
one, or one of a member Valkey does not know, is looked up. Losing the cache costs
queries, never safety.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from redis import Redis

from nexus import valkey
from nexus.accounts.models import User

# Also the longest that a change may go unseen, should Valkey be out of its writer's
# reach but not out of the readers'.
KEPT: Final = timedelta(seconds=30)

# A slow writer must not put an older version over a newer one.
RAISE_TO = """
if tonumber(ARGV[1]) >= tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


def is_believable(*, user_id: int, version: int) -> bool:
    """Say whether nothing touched the member's access since the token was signed."""
    held = belief(user_id=user_id, version=version)
    if held is None:
        return False
    try:
        newest = valkey.ask(lambda client: client.get(held.key))
    except valkey.ValkeyDown:
        return False
    return newest is not None and int(newest) == version


@dataclass(frozen=True, slots=True)
class Belief:
    """As long as Valkey holds the value under the key, the token is believed."""

    key: str
    value: str


def belief(*, user_id: int, version: int) -> Belief | None:
    """Return what Valkey must hold; None where it is not to be asked.

    After a failure of Valkey nothing is believed for a while: what another part of this
    process had to tell meanwhile may not have arrived.
    """
    if valkey.has_failed_within(KEPT):
        return None
    return Belief(key_of(user_id), str(version))


def remember(user: User) -> None:
    """Spare the next requests the look-up; the user's version was just read."""
    user_id, version = user.pk, user.token_version
    transaction.on_commit(lambda: publish(user_id=user_id, version=version))


def publish(*, user_id: int, version: int) -> None:
    """Tell all processes a version of the member's; an older one changes nothing."""

    def send(client: Redis) -> object:
        kept_s = int(KEPT.total_seconds())
        return client.eval(RAISE_TO, 1, key_of(user_id), version, kept_s)

    try:
        valkey.insist(send)
    except valkey.ValkeyDown:
        return


def outdate_tokens(user: User) -> None:
    """Have the member's tokens looked up from now on; part of a transaction."""
    User.objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
    # Our own update locks the row: nobody can have made it grow again.
    remember(User.objects.only("token_version").get(pk=user.pk))


def key_of(user_id: int) -> str:
    return f"nexus:access:{{{user_id}}}"
