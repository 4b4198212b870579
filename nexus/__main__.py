"""`python -m nexus run` starts the product; any other word is a Django command."""

import sys

if __name__ == "__main__":
    try:
        from nexus.launch.commands import main

        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before anything was started that could be stopped
        sys.exit(130)
