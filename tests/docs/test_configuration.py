"""What the page says of each variable is what the settings read."""

import re

from nexus.env import PROJECT_DIR

SETTINGS = (PROJECT_DIR / "nexus/settings.py").read_text(encoding="utf-8")
PAGE = (PROJECT_DIR / "docs/configuration.md").read_text(encoding="utf-8")
EXAMPLE = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE, flags=re.MULTILINE))
READ = re.findall(r'env_\w+\(\s*"(\w+)"', SETTINGS)


def test_each_variable_is_told_once() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE)

    assert sorted(told) == sorted(set(READ))
    assert set(told) == set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, flags=re.MULTILINE))


def test_the_defaults_are_those_of_the_settings() -> None:
    numbers = {
        name: int(default.split("`")[1])
        for name, default in ROWS.items()
        if re.match(r"`\d+`", default)
    }

    assert numbers == {
        name: int(re.findall(rf'env_int\("{name}", (\d+)', SETTINGS)[0])
        for name in re.findall(r'env_int\("(\w+)"', SETTINGS)
    }
