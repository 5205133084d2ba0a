"""A Resource, a HostSpec or a PolicySpec -> the document that declares it: `parse`, the other way round. Pure.

What is not declared is not written. Paths and URLs stand as they are given, so a path must be relative to the file
that the text is for.
"""

from reconciler.core.facts import Fact
from reconciler.core.resource import Declared, HostSpec, Overlay, Resource, SourceRef
from reconciler.manifest.references import SHORT
from reconciler.manifest.tree import Json
from reconciler.manifest.yaml_text import yaml_text

Data = dict[str, Json]


def document(entry: Declared) -> str:
    """Return one document, without the line that divides it from others; raises ValueError as `yaml_text`."""
    match entry:
        case Resource():
            return _document(entry.kind.value, str(entry.name), dict(entry.labels), _resource(entry))
        case HostSpec():
            return _document("Host", entry.name, dict(entry.labels), _host(entry))
        case _:
            return _document("Policy", "default", {}, {"prune": entry.prune})


def _document(kind: str, name: str, labels: dict[str, str], spec: Data) -> str:
    metadata = _given({"name": name, "labels": {**labels}})
    return yaml_text({"apiVersion": "reconciler/v1", "kind": kind, "metadata": metadata, "spec": spec})


def _resource(item: Resource) -> Data:
    one = _reference(item.sources[0]) if len(item.sources) == 1 else None
    several: list[Json] = [_reference(ref) for ref in item.sources] if len(item.sources) > 1 else []
    return _given(
        {
            "base": str(item.base) if item.base is not None else None,
            "source": one,
            "sources": several,
            "adapter": _reference(item.adapter) if item.adapter is not None else None,
            **_overlay(item.overlay),
            "hosts": _given({"matchLabels": {**dict(item.hosts.match_labels)}}),
            "protect": item.lifecycle.protect or None,
        }
    )


def _reference(ref: SourceRef) -> Data:
    options = {name: _thawed(value) for name, value in ref.options}
    short = SHORT.get(ref.type, "")
    return {ref.type: options[short] if set(options) == {short} else options}


def _overlay(overlay: Overlay) -> Data:
    licences: list[Json] = list(overlay.license)
    return {
        "system": overlay.system,
        "template": overlay.template,
        "renderer": overlay.renderer,
        "parser": overlay.parser,
        "messages": [{"role": role, "content": content} for role, content in overlay.messages],
        "parameters": {name: _thawed(value) for name, value in overlay.parameters},
        "license": licences[0] if len(licences) == 1 else licences,
        "quantize": overlay.quantize,
    }


def _host(spec: HostSpec) -> Data:
    auth: Data = {"bearerTokenEnv": spec.bearer_token_env, "headerEnv": {**dict(spec.header_env)}}
    budget = f"{spec.storage_budget}B" if spec.storage_budget is not None else None
    return _given({"url": spec.url, "auth": _given(auth), "storageBudget": budget})


def _given(data: Data) -> Data:
    """Return what is declared."""
    return {key: value for key, value in data.items() if value not in (None, [], {})}


def _thawed(value: Fact) -> Json:
    return [_thawed(item) for item in value] if isinstance(value, tuple) else value
