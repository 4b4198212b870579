"""How often whom may ask: every limit is declared here, and counted in `buckets`.

Runs without Django, so that a wrong RATE_LIMITS is refused before anything starts.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from nexus.env import SWITCH, items_of

DAY_S: Final = 86_400
# A household or an attacker has all the addresses of such a network.
IPV6_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` uses at once, refilled evenly over `window_s` seconds."""

    name: str
    quota: int
    window_s: int
    guards_secrets: bool = False

    @property
    def refill_per_s(self) -> float:
        return self.quota / self.window_s

    @property
    def halved(self) -> "Limit":
        return replace(self, quota=max(1, self.quota // 2))


ANONYMOUS = Limit("anonymous", 300, 60)
MEMBER = Limit("member", 600, 60)
LOGIN_ADDRESS = Limit("login-address", 30, 60, guards_secrets=True)
LOGIN_ACCOUNT = Limit("login-account", 10, 60, guards_secrets=True)
# Minutes refill all day long. These two get back what a right password took.
WRONG_ADDRESS = Limit("wrong-password-address", 500, DAY_S, guards_secrets=True)
WRONG_ACCOUNT = Limit("wrong-password-account", 100, DAY_S, guards_secrets=True)
# What we mail to one address, and for one member: a mailbox is not to be flooded.
MAIL = Limit("mail", 5, 3600, guards_secrets=True)
REGISTER = Limit("register", 60, 3600, guards_secrets=True)
TMDB_SEARCH = Limit("tmdb-search", 60, 60)
TMDB_IMPORT = Limit("tmdb-import", 60, 60)
EXPORT = Limit("export", 10, 3600)

LIMITS: Final = {
    limit.name: limit
    for limit in (
        ANONYMOUS,
        MEMBER,
        LOGIN_ADDRESS,
        LOGIN_ACCOUNT,
        WRONG_ADDRESS,
        WRONG_ACCOUNT,
        MAIL,
        REGISTER,
        TMDB_SEARCH,
        TMDB_IMPORT,
        EXPORT,
    )
}

OVERRIDE = re.compile(r"([a-z-]+)=([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")
LEGAL = (
    f"one of {', '.join(SWITCH)}, or a comma-separated list of name=quota/seconds, "
    f"both above zero, such as anonymous=1000/60, of these names: {', '.join(LIMITS)}"
)


def parse_limits(value: str) -> tuple[bool, dict[str, Limit]]:
    """Return whether there are limits, and those that differ from the declared ones."""
    if value.lower() in SWITCH:
        return SWITCH[value.lower()], {}
    changed = [parse_override(item) for item in items_of(value)]
    by_name = {limit.name: limit for limit in changed}
    if not by_name or len(by_name) < len(changed):
        raise ValueError(value)
    return True, by_name


def parse_override(item: str) -> Limit:
    found = OVERRIDE.fullmatch(item)
    if found is None or found[1] not in LIMITS:
        raise ValueError(item)
    return replace(LIMITS[found[1]], quota=int(found[2]), window_s=int(found[3]))


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """Return whom an address stands for: itself, or all of an IPv6 network."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_BITS), strict=False))
