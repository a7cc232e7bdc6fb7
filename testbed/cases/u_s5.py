"""To come."""

CASES = ()
