"""The Ollama hub and every other OCI registry: tags, manifests, layers, logins."""
