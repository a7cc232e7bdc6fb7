"""`dulspec decode`: captures and streams as annotated PDUs and messages."""
