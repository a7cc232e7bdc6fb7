"""`python -m cli.storescp` is storescp."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main())
