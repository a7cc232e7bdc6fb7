"""The blocking face, made of threads; its public names are those of `dul.blocking`."""
