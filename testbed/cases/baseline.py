"""Baselines of a product that calls us: not cases, but what must work before any case."""

CASES = BASELINES = ()
