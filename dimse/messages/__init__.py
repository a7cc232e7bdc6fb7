"""DIMSE messages (PS3.7): command sets, their typed messages, and their way in and out of PDVs."""
