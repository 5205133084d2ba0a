"""Our registry: what we applied, who owns it, and what happened. `store.open_store` opens it."""
