"""Groups of options that several tools have, a module for each."""
