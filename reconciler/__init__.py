"""reconciler: plan and apply for the models on Ollama hosts.

The public face, for programs that embed it; people use the command `reconciler`. A name
is imported from its room when it is first used, so that importing this costs nothing.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "Action": "core.change",
    "Address": "core.names",
    "Change": "core.change",
    "Manifests": "core.resource",
    "ModelName": "core.names",
    "Outcome": "core.outcome",
    "Plan": "core.plan",
    "ReconcilerError": "errors",
    "RunResult": "core.outcome",
    "apply": "workflow.apply",
    "load": "manifest.load",
    "propose": "workflow.propose",
}

__all__ = [
    "Action",
    "Address",
    "Change",
    "Manifests",
    "ModelName",
    "Outcome",
    "Plan",
    "ReconcilerError",
    "RunResult",
    "apply",
    "load",
    "propose",
]


def __getattr__(name: str) -> object:
    """Return a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module 'reconciler' has no attribute {name!r}")
    return getattr(import_module(f"reconciler.{_HOMES[name]}"), name)
