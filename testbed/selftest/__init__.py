"""The testbed judged: by mini peers that are wrong on purpose, and by clean ones."""
