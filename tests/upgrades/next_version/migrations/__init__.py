"""The migrations of this version, and those of the made-up one after them."""

from nexus.ratings import migrations

__path__ = [*__path__, *migrations.__path__]
