"""One Ollama server behind the Host port."""
