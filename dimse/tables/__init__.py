"""The facts of the standard as tables: UIDs, SOP classes, transfer syntaxes, statuses, the data dictionary."""
