"""reconciler: plan and apply for the models on Ollama hosts."""

__version__ = "0.1.0"
