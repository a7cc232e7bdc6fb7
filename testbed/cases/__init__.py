"""The catalogue: one module per group, each with a CASES tuple."""
