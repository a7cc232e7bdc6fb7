"""`python -m testbed`: the same as `dulspec`."""

import sys

from .cli import main

sys.exit(main())
