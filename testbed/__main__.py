"""`python -m testbed`: the same as `dulspec`."""

import sys

from testbed.cli import main

sys.exit(main())
