"""TLS under associations: what was agreed, and why it failed. Not loaded before TLS is asked for."""
