"""Manual pages and shell completion, made of the declarations of the options: see `cli.manual.shared`."""
