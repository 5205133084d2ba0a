"""Where content comes from, one module per source type."""
