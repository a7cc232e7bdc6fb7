"""P.TLS: placeholder until written."""

CASES = ()
