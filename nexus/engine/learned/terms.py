"""What the parts of the learned engine share: a word, and checks of constants."""

from math import inf

# What is called a like.
LIKED_STARS = 4.0


def check_positive(**values: float) -> None:
    """Refuse constants that are not above 0 and finite (NaN included)."""
    for name, value in values.items():
        if not 0 < value < inf:
            raise ValueError(f"{name} must be above 0 and finite, not {value}")


def check_least(least: float, **values: float) -> None:
    """Refuse constants below the least allowed, or not finite (NaN included)."""
    for name, value in values.items():
        if not least <= value < inf:
            raise ValueError(f"{name} must be at least {least} and finite, not {value}")
