"""Results for people and machines, to stdout."""
