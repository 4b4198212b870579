"""A Django command, as the launcher runs it: see `nexus.launch.commands`."""

import sys

if __name__ == "__main__":
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(["nexus", *sys.argv[1:]])
    except KeyboardInterrupt:
        sys.exit(130)
