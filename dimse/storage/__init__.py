"""Where received objects go: the sinks, the checks, the directory that loses nothing."""
