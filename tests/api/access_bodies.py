"""What is sent to each writing operation of docs/access.md: enough to be taken.

So the answer tells who may, not what was wrong with the body. An operation without an
entry is sent {}.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from django.utils import timezone

from nexus.accounts import sessions
from nexus.accounts.email_change import request_email_change
from nexus.accounts.models import User
from nexus.accounts.one_time import make_token
from nexus.api.tokens import token_pair
from tests.api.access_things import (
    ALSO_STORED,
    AT_TMDB,
    MODELS,
    STORED,
    THINGS,
    People,
)
from tests.builders import PASSWORD

NEW_PASSWORD: Final = "battery-staple-8"
STARS: Final = {"stars": 3}
REASON: Final = {"reason": "Rude."}
OWNERS: Final = {"username": "owner", "password": PASSWORD}
ACTIONS: Final = {"movie": "refresh", "procrastinatejob": "cancel"}

Body = Mapping[str, Any]
# From the people and who of them asks; None is anonymous.
Maker = Callable[[People, User | None], Body]


def tokens_of(owner: User) -> dict[str, Any]:
    now = timezone.now()
    sign_in = sessions.open_session(user=owner, device="", address="", now=now)
    return token_pair(sign_in, now=now)


def refresh_token(people: People, _: User | None) -> Body:
    return {"refresh": tokens_of(people["owner"])["refresh"]}


def access_token(people: People, _: User | None) -> Body:
    return {"token": tokens_of(people["owner"])["access"]}


def code_for_password(people: People, _: User | None) -> Body:
    token = make_token(people["owner"], "reset-password")
    return {"token": token, "new_password": NEW_PASSWORD}


def code_for_address(people: People, _: User | None) -> Body:
    return {"token": make_token(people["owner"], "verify-email")}


def code_for_new_address(people: People, _: User | None) -> Body:
    owner, now = people["owner"], timezone.now()
    request_email_change(
        user=owner, new_email="new@example.org", password=PASSWORD, now=now
    )
    return {"token": make_token(owner, "take-new-address")}


def own_credentials(_: People, asking: User | None) -> Body:
    email = "nobody@example.org" if asking is None else asking.email
    return {"username": email, "password": PASSWORD}


def action(name: str, people: People, _: User | None) -> Body:
    """Ask a list of the administration to do something to a row."""
    return {
        "action": ACTIONS.get(name, "delete_selected"),
        "_selected_action": THINGS[f"{name}/{{a row}}"](people),
        "index": 0,
        "post": "yes",  # "yes, I am sure"
    }


BODIES: dict[str, Body | Maker] = {
    "POST /api/auth/register/": {
        "name": "Ada",
        "email": "ada@example.org",
        "password": PASSWORD,
    },
    "POST /api/auth/login/": OWNERS,
    "POST /api/auth/token/": OWNERS,
    "POST /api/auth/token/refresh/": refresh_token,
    "POST /api/auth/token/verify/": access_token,
    "POST /api/auth/password/change/": {
        "current_password": PASSWORD,
        "new_password": NEW_PASSWORD,
    },
    "POST /api/auth/password/reset/": {"email": "owner@example.org"},
    "POST /api/auth/password/reset/confirm/": code_for_password,
    "POST /api/auth/email/verify/confirm/": code_for_address,
    "POST /api/auth/email/change/": {
        "new_email": "new@example.org",
        "password": PASSWORD,
    },
    "POST /api/auth/email/change/confirm/": code_for_new_address,
    "PUT /api/user/profile/": {"name": "Ada"},
    "PATCH /api/user/profile/": {"name": "Ada"},
    "PUT /api/profiles/me/": {"name": "Ada"},
    "PATCH /api/profiles/me/": {"name": "Ada"},
    "DELETE /api/profiles/me/": {"password": PASSWORD},
    "POST /api/user/preferences/": {"genres": [28]},
    "PUT /api/user/preferences/": {"genres": [28]},
    "PATCH /api/user/preferences/": {"genres": [28]},
    "POST /api/user/history/": {"movie": STORED},
    "POST /api/user/hidden/": {"movie": STORED},
    "POST /api/user/onboarding/skips/": {"movie": STORED},
    "PUT /api/users/{}/role/": {"role": "moderator", "reason": "Helps."},
    "PUT /api/users/{}/shut_out/": REASON,
    "PUT /api/movies/{}/rating/": STARS,
    "POST /api/tmdb/import/": {"tmdb_id": AT_TMDB},
    "POST /api/ratings/": {"movie": STORED, **STARS},
    "PUT /api/ratings/{}/": STARS,
    "PATCH /api/ratings/{}/": STARS,
    "PUT /api/ratings/{}/hidden/": REASON,
    "POST /api/playlists/": {"name": "For the winter"},
    "PUT /api/playlists/{}/": {"name": "For the winter"},
    "PATCH /api/playlists/{}/": {"name": "For the winter"},
    "PUT /api/playlists/{}/hidden/": REASON,
    "POST /api/playlists/{}/items/": {"movie": ALSO_STORED},
    "PUT /api/playlists/{}/items/order/": {"movies": [STORED]},
    "POST /admin/login/": own_credentials,
    "POST /admin/password_change/": {
        "old_password": PASSWORD,
        "new_password1": NEW_PASSWORD,
        "new_password2": NEW_PASSWORD,
    },
    "POST /admin/accounts/user/{}/change/": {"role": "member", "is_active": "on"},
    "POST /admin/catalog/person/{}/change/": {"replaced_by": ""},
}
BODIES |= {f"POST /admin/{app}/{name}/": partial(action, name) for app, name in MODELS}
BODIES |= {
    f"POST /admin/{app}/{name}/{{}}/delete/": {"post": "yes"} for app, name in MODELS
}


def body_of(method: str, route: str, people: People, asking: User | None) -> Body:
    found = BODIES.get(f"{method} {route}", {})
    return found(people, asking) if callable(found) else found
