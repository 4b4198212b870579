"""What people can type; each command tells the rest of itself."""

from typing import Final

from nexus.launch.progress import say

HELP: Final = ("-h", "--help")
# Ours first, by how soon somebody needs them; Django's own are told when asked for.
COMMANDS: Final = {
    "run": "start the product, and serve until a signal comes",
    "doctor": "look at the installation: what is wrong, and what to do",
    "backup": "write the whole installation into one file",
    "restore": "bring a backup into an empty installation",
    "createadmin": "make an account for /admin/",
    "promote": "give a member a role",
    "catalog": "bring films in from TMDb, or bring them up to date",
    "titles": "look at all titles after an upgrade, as a job does",
    "train": "learn from the ratings now, instead of within a day",
    "models": "list, activate, roll back or prune what was learned",
    "ratings": "import the ratings of a MovieLens folder, or forget them",
    "worker": "do the jobs apart from the web server (WORKER_IN_WEB=off)",
    "prepare": "migrate the database, which `run` does by itself",
    "ready": "say by the exit code whether the web server serves",
    "export-openapi": "write the OpenAPI document",
}
# What Django knows nothing of.
OURS: Final = {
    "run": "Start the product and serve until a signal comes: migrates the database, "
    "loads the starter catalogue. Variables say how; .env.example explains each.",
    "ready": "Say whether the web server of this machine serves: exit code 0, else 1.",
}


def asks_for_help(words: list[str]) -> bool:
    return words[:1] in ([], ["help"]) or any(word in HELP for word in words)


def tell_help(words: list[str]) -> bool:
    """Tell what is asked of us; return False where Django knows more."""
    about = [word for word in words if word not in ("help", *HELP)][:1]
    if not about:
        say(overview())
        return True
    if about[0] not in OURS:
        return False
    say(f"usage: nexus {about[0]}\n\n{OURS[about[0]]}")
    return True


def overview() -> str:
    lines = "\n".join(f"  {name:16}{told}" for name, told in COMMANDS.items())
    return (
        f"usage: nexus COMMAND ...\n\n{lines}\n\n"
        "`nexus COMMAND --help` tells more of one. Django's own are commands too, such "
        "as\n`shell` and `migrate`: `nexus help --commands` names all."
    )
