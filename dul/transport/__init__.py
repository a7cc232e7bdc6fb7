"""Everything of the Upper Layer that does I/O, below the two faces."""
