"""Values of the ollama-helm chart: `ollama.models`, wherever the chart stands among other values. Pure."""

from collections.abc import Iterator

from reconciler.core.diagnostics import Location
from reconciler.manifest.foreign.converted import Converted, Part, converted, left_out, pruned, pulled
from reconciler.manifest.foreign.modelfile import Place
from reconciler.manifest.foreign.modelfile import convert as convert_modelfile
from reconciler.manifest.foreign.yaml_nodes import roots, text_line
from reconciler.manifest.tree import Node

_MOST_DEEP = 8  # charts within charts
_CLEAN = "`clean: true`: what is not listed is removed"
_RUN = "`run` loads it into memory at each start as well; a manifest only says that it is there"


def convert(text: str, file: str) -> Converted:
    """Return a Model for what is pulled or run, what each Modelfile makes, and a Policy that prunes for `clean`."""
    found, parts = roots(text, file)
    for root in found:
        for models, insecure in _models(root, 0):
            parts += _list(models, insecure) if isinstance(models.value, list) else _mapping(models, insecure)
    return converted(parts)


def _models(node: Node, depth: int) -> Iterator[tuple[Node, bool]]:
    """Yield what stands under `models` of each `ollama`, and whether it is pulled over plain http."""
    for key, inside in node.children.items():
        models = inside.child("models") if key == "ollama" else None
        if models is not None:
            insecure = inside.child("insecure")
            yield models, insecure is not None and insecure.value is True
        if depth < _MOST_DEEP and isinstance(inside.value, dict):
            yield from _models(inside, depth + 1)


def _mapping(models: Node, insecure: bool) -> Iterator[Part]:
    for key, node in models.children.items():
        match key:
            case "pull":
                yield from _list(node, insecure)
            case "run":
                yield from _list(node, insecure)
                yield from (left_out(item.location, _RUN) for item in node.children.values())
            case "create":
                yield from (part for item in node.children.values() for part in _created(item))
            case "clean":
                yield from (pruned(node.location, _CLEAN) for _ in range(node.value is True))
            case _:
                yield left_out(models.keys[str(key)], f"the key {key!r} under `models` is not known")


def _list(node: Node, insecure: bool) -> Iterator[Part]:
    if node.value is not None and not isinstance(node.value, list):
        yield left_out(node.location, "this is no list of names")
    for item in node.children.values():
        if isinstance(item.value, str):
            yield pulled(item.value, item.location, insecure=insecure)
        else:
            yield left_out(item.location, "this is no name")


def _created(item: Node) -> Iterator[Part]:
    name, template = item.text("name"), item.child("template")
    if name is None:
        yield left_out(item.location, "a model that is created has no name")
    elif template is None or not isinstance(template.value, str):
        reference = item.text("configMapRef") or "NAME"
        hint = f"`kubectl get configmap {reference}` shows it: `reconciler import --from modelfile --name {name} FILE`"
        yield left_out(item.location, f"the Modelfile of {name} stands in a ConfigMap", hint)
    else:
        where: Location = template.location
        found = convert_modelfile(template.value, Place(name, where.file, text_line(template) - 1))
        yield from found.drafts
        yield from found.findings
