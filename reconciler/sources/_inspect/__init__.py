"""What `check` shows, one module per type of reference: looked at without downloading it."""
