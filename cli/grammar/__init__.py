"""Command lines, declared once: see `cli.grammar.declaration`, and `cli.grammar.parsing` for the grammar."""
