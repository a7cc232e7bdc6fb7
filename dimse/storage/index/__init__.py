"""An index of what was stored: its rows, the database, and how it is made anew of the files."""
