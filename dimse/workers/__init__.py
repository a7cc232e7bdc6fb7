"""Processes that serve one port together, and the supervisor that keeps them running."""
