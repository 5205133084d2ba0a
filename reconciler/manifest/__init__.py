"""YAML on disk to core data: strict, with the position of everything, all findings at once."""
