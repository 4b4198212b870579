#!/usr/bin/env python
"""Django's own commands; `python -m nexus` also starts the database for them."""

import os
import sys

from django.core.management import execute_from_command_line

from nexus.env import WrongVariable, load_env_file

if __name__ == "__main__":
    load_env_file()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nexus.settings")
    try:
        execute_from_command_line(sys.argv)
    except WrongVariable as error:
        sys.exit(f"nexus: {error}")
