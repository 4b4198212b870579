"""Does the time of a sign-in tell whether an account exists?

Starts the product as it is installed and tries wrong passwords, in turns, on an account
that exists, on one that does not, on one that is leaving and by a name of each kind.
"""

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx

from tests.launch.program import Program

ROUNDS = 60
WARM_UP = 5
ALLOWED = 0.10


def main() -> int:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        program = Program(Path(folder).resolve() / "home")
        program.start(RATE_LIMITS="off")
        program.watchdog.cancel()  # it is for tests, which are shorter
        try:
            return report(measure(f"http://127.0.0.1:{program.port}/api"))
        finally:
            program.process.terminate()
            program.wait()


def measure(api: str) -> dict[str, list[float]]:
    """Return the seconds of each try, by the kind of account."""
    with httpx.Client(base_url=api, timeout=30) as client:
        for name in ("known", "leaving"):
            register(client, name)
        token = sign_in(client, "leaving@example.org")
        client.request(
            "DELETE",
            "/profiles/me/",
            json={"password": "correct-horse-7"},
            headers={"Authorization": f"Bearer {token}"},
        ).raise_for_status()
        logins = {
            "known, by address": "known@example.org",
            "unknown, by address": "nobody@example.org",
            "known, by username": "known",
            "unknown, by username": "nobody",
            "leaving": "leaving@example.org",
        }
        for login in list(logins.values()) * WARM_UP:
            seconds_of(client, login)
        taken: dict[str, list[float]] = {kind: [] for kind in logins}
        for _ in range(ROUNDS):
            for kind, login in logins.items():
                taken[kind].append(seconds_of(client, login))
    return taken


def register(client: httpx.Client, name: str) -> None:
    member = {"name": name, "email": f"{name}@example.org"}
    body = member | {"username": name, "password": "correct-horse-7"}
    client.post("/auth/register/", json=body).raise_for_status()


def sign_in(client: httpx.Client, login: str) -> str:
    body = {"email": login, "password": "correct-horse-7"}
    return str(client.post("/auth/login/", json=body).json()["access"])


def seconds_of(client: httpx.Client, login: str) -> float:
    began = perf_counter()
    answer = client.post("/auth/login/", json={"email": login, "password": "wrong-1"})
    taken = perf_counter() - began
    assert answer.status_code == 401, answer.text
    return taken


def report(taken: dict[str, list[float]]) -> int:
    """Print the medians against the first; return 0 if all are within a tenth."""
    medians = {kind: median(seconds) for kind, seconds in taken.items()}
    first = next(iter(medians.values()))
    print(f"wrong passwords, {ROUNDS} each, in turns")
    for kind, value in medians.items():
        print(f"{kind:22} {value * 1000:7.2f} ms  {value / first:6.3f}")
    is_alike = all(abs(value / first - 1) <= ALLOWED for value in medians.values())
    return 0 if is_alike else 1


if __name__ == "__main__":
    raise SystemExit(main())
