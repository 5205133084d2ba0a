"""Verification: whether a host made what it was asked for. Pure; the reading is done by others.

Servers accept fields that they do not know and say nothing, so success is believed only
after every declared field was read back.
"""

from reconciler.core.facts import ABSENT, Absent, Fact, Facts, FieldChange, same
from reconciler.core.steps import Create, converted, projectors_of


def unmet(step: Create, shown: Facts) -> tuple[FieldChange, ...]:
    """Return each declared field that the host shows otherwise, as (path, shown, declared).

    Weights are not compared: hosts from 0.30 on rewrite a GGUF on import, and every host
    rewrites one that it quantises or converts; nor is an adapter that it converts.
    """
    found = dict(shown)
    return tuple(
        FieldChange(path, found.get(path, ABSENT), wanted)
        for path, wanted in sorted(_declared(step).items())
        if not _met(path, found.get(path, ABSENT), wanted)
    )


def _declared(step: Create) -> dict[str, Fact]:
    wanted: dict[str, Fact] = {f"parameters.{name}": value for name, value in step.parameters}
    given = {
        "template": step.template,
        "system": step.system,
        "messages": step.messages,
        "license": "\n".join(step.license),
        "renderer": step.renderer,
        "parser": step.parser,
    }
    wanted.update({path: value for path, value in given.items() if value})
    if step.adapters and not converted(step.adapters):
        wanted["adapters"] = tuple(str(digest) for _, digest in step.adapters)
    if projectors := projectors_of(step.files):
        wanted["projectors"] = tuple(str(digest) for _, digest in projectors)
    return wanted


def _met(path: str, shown: Fact | Absent, wanted: Fact) -> bool:
    if path == "license":  # the base's licences come first
        return isinstance(shown, str) and isinstance(wanted, str) and shown.endswith(wanted)
    if path == "adapters":  # and so do its adapters
        return isinstance(shown, tuple) and isinstance(wanted, tuple) and shown[-len(wanted) :] == wanted
    if path == "projectors":  # some hosts rewrite one
        return isinstance(shown, tuple) and isinstance(wanted, tuple) and len(shown) == len(wanted)
    if wanted in (None, ()):  # Ollama prints nothing for an empty list
        return shown in (ABSENT, None, ())
    return same(shown, wanted)
