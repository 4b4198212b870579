"""`python -m nexus run` starts the product; any other word is a Django command."""

import sys

from nexus.launch.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
