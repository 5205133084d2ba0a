"""A judged document -> a Resource or a HostSpec: shorthands written out, files read, names parsed.

`quantize` is spelled in upper case from here on, as hosts show it (they take either).
"""

from pathlib import PurePath
from typing import cast

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.facts import Fact, facts, freeze
from reconciler.core.names import ModelName, host_name
from reconciler.core.resource import (
    Declared,
    HostSelector,
    HostSpec,
    Kind,
    Lifecycle,
    Overlay,
    PolicySpec,
    Resource,
    SourceRef,
)
from reconciler.manifest.examples import Example, as_text, examples
from reconciler.manifest.folder import Folder
from reconciler.manifest.references import doubts, reference
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.sizes import size_of
from reconciler.manifest.testing import declared_test
from reconciler.manifest.tree import Node

Parsed = tuple[Declared, tuple[Diagnostic, ...]]


def parse(document: Node, home: Folder) -> Parsed:
    """Return what a document declares, and the findings that only reading it could bring.

    `document` has passed its schema; `home` is its folder.
    """
    match document.text("kind"):
        case "Host":
            return _host(document, home), ()
        case "Policy":
            return _policy(document), ()
        case _:
            return _Reader(document, home).resource()


def _host(document: Node, home: Folder) -> HostSpec:
    metadata, spec = document.at(["metadata"]), document.at(["spec"])
    auth, tls = spec.child("auth"), spec.child("tls")
    ca_file = tls.text("caFile") if tls is not None else None
    budget = spec.text("storageBudget")
    return HostSpec(
        name=host_name(metadata.text("name") or ""),
        url=(spec.text("url") or "").rstrip("/"),
        location=metadata.at(["name"]).location,
        labels=metadata.pairs("labels"),
        bearer_token_env=auth.text("bearerTokenEnv") if auth is not None else None,
        header_env=spec.pairs("auth", "headerEnv"),
        ca_file=home.file(ca_file) if ca_file is not None else None,
        storage_budget=size_of(budget) if budget is not None else None,
    )


def _policy(document: Node) -> PolicySpec:
    spec = document.at(["spec"])
    limits, given_lock = spec.child("limits"), spec.child("requireLock")
    given = limits.value if limits is not None and isinstance(limits.value, dict) else {}
    counts = {key: value for key, value in given.items() if isinstance(value, int)}
    share, size = given.get("deleteShare"), given.get("downloadBytes")
    return PolicySpec(
        location=document.at(["metadata", "name"]).location,
        prune=spec.text("prune") or "never",
        deletes=counts.get("deletes"),
        delete_share=int(str(share).removesuffix("%")) / 100 if share is not None else None,
        updates=counts.get("updates"),
        transfer=size_of(str(size)) if size is not None else None,
        require_lock=given_lock is not None and given_lock.value is True,
    )


def pulled_names(item: Resource) -> tuple[tuple[SourceRef, ModelName], ...]:
    """Return the sources from which a resource may be pulled, each with the name under which it comes from its hub."""
    hubs = (ref for ref in item.sources if ref.type == "ollama")
    return tuple((ref, ModelName.parse(str(dict(ref.options)["name"]))) for ref in hubs)


class _Reader:
    """One Model or FineTune, and what is found on the way."""

    def __init__(self, document: Node, home: Folder) -> None:
        self._document, self._home = document, home
        self._metadata, self._spec = document.at(["metadata"]), document.at(["spec"])
        self._findings: list[Diagnostic] = []

    def resource(self) -> Parsed:
        """Return the resource and the findings."""
        base, adapter = self._spec.child("base"), self._spec.child("adapter")
        made = Resource(
            kind=Kind(self._document.text("kind") or ""),
            name=ModelName.parse(self._metadata.text("name") or ""),
            location=self._metadata.at(["name"]).location,
            sources=self._sources(),
            base=ModelName.parse(str(base.value)) if base is not None else None,
            base_location=base.location if base is not None else None,
            adapter=self._reference(adapter, "adapter") if adapter is not None else None,
            overlay=self._overlay(),
            hosts=HostSelector(self._spec.pairs("hosts", "matchLabels")),
            lifecycle=Lifecycle(protect=bool(self._data("protect"))),
            labels=self._metadata.pairs("labels"),
            test=declared_test(self._spec.child("test")),
        )
        self._judge_source(made)
        return made, tuple(self._findings)

    def _sources(self) -> tuple[SourceRef, ...]:
        """Return the sources in the order in which they are tried; mostly there is just one."""
        one, several = self._spec.child("source"), self._spec.child("sources")
        nodes = (one,) if one is not None else several.children.values() if several is not None else ()
        return tuple(self._reference(node) for node in nodes)

    def _reference(self, node: Node, wanted: str = "model") -> SourceRef:
        self._findings.extend(doubts(node, wanted))
        return reference(node, self._home, wanted)

    def _overlay(self) -> Overlay:
        system, messages = self._taught()
        quantize = self._spec.text("quantize")
        return Overlay(
            system=system,
            template=self._template(),
            parameters=self._parameters(),
            messages=messages,
            license=self._spec.texts("license"),
            quantize=quantize.upper() if quantize is not None else None,
            renderer=self._spec.text("renderer"),
            parser=self._spec.text("parser"),
        )

    def _template(self) -> str | None:
        name = self._spec.text("templateFile")
        if name is None:
            return self._spec.text("template")
        shown = str(PurePath(self._document.location.file).parent / name)
        text = self._home.text(self._home.file(name), shown)
        if isinstance(text, Diagnostic):
            self._findings.append(text)
            return None
        if not text:
            where = self._spec.at(["templateFile"]).location
            self._findings.append(finding(where, Rule.EMPTY, f"the template in {name!r} is empty"))
        return text

    def _parameters(self) -> tuple[tuple[str, Fact], ...]:
        given = cast("dict[str, object]", self._data("parameters") or {})
        listed = {
            name: [value] if name == "stop" and isinstance(value, str) else value for name, value in given.items()
        }
        return facts((name, freeze(value)) for name, value in listed.items())

    def _taught(self) -> tuple[str | None, tuple[tuple[str, str], ...]]:
        """Return the system prompt and the turns, the examples being in the one or the other, behind what is there."""
        said = self._messages()
        found: list[Example] = []
        for item in examples(self._spec, self._home):
            if isinstance(item, Diagnostic):
                self._findings.append(item)
            else:
                found.append(item)
        system = self._spec.text("system")
        if found and self._spec.text("examplesIn") == "system":
            return "\n\n".join(part for part in (system, as_text(found)) if part), said
        turns = (turn for user, answer in found for turn in (("user", user), ("assistant", answer)))
        return system, (*said, *turns)

    def _messages(self) -> tuple[tuple[str, str], ...]:
        node = self._spec.child("messages")
        turns = node.children.values() if node is not None else ()
        return tuple((turn.text("role") or "", turn.text("content") or "") for turn in turns)

    def _judge_source(self, made: Resource) -> None:
        pulled = pulled_names(made)
        if pulled and made.overlay.quantize is not None:
            message = "only models from files can be quantised; this one is pulled as it is"
            where = self._spec.keys["quantize"]
            self._findings.append(finding(where, Rule.QUANTIZE_NEEDS_FILES, message, "pull another tag, or remove it"))
        if (made.adapter is not None or not made.overlay.empty) and made.name in dict(pulled).values():
            message = f"{made.name} is pulled under its own name, so what is laid over it needs another one"
            hint = f"set metadata.name to something like {made.name.model}-tuned"
            self._findings.append(finding(made.location, Rule.BASE_UNDER_OWN_NAME, message, hint))

    def _data(self, key: str) -> object:
        node = self._spec.child(key)
        return node.value if node is not None else None
