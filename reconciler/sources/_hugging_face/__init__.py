"""The Hugging Face hub: repos, commits, files, and the one of them that is meant."""
