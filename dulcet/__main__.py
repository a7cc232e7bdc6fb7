"""`python -m dulcet`: the same as the script `dulcet`, wherever scripts are."""

import sys

from dulcet.cli.dulcet import main

sys.exit(main())
