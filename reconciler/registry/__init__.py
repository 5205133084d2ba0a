"""Our record store: what we applied, who owns it, what happened."""
