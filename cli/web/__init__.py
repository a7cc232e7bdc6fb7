"""A page that shows what a storescp does, for who sets up the other end."""
