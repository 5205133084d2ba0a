"""The acts, in order; orchestration only."""
