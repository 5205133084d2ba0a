"""The commands: one module each, named like it, that exports `command`; imported only when it runs."""
