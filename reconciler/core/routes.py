"""Routes: the ways in which the layers of a hub model reach a host. Pure.

A host pulls for itself where it can. Where its hub is one that Ollama can't pull from, we bring the
layers and the pull finds them there. Where the hub's tag means something else than what is
wanted, or wants a login that the host has not, we bring the hub manifest as well.
"""

from dataclasses import replace
from enum import StrEnum

from reconciler.core.digest import fingerprint
from reconciler.core.names import ModelName
from reconciler.core.state import Desired
from reconciler.core.steps import Blob, Copy, Create, Delete, Install, Pull, Step, Upload, pull_of, staging_name

LISTEN = "`--listen ADDRESS[:PORT]` names an address of this machine that the host can reach"  # a hint about INSTALL


class Route(StrEnum):
    """Who brings what."""

    PULL = "pull"  # the host brings everything
    RELAY = "relay"  # we bring the layers, the host asks its hub for the manifest
    INSTALL = "install"  # we bring the layers and the manifest; the hub is not asked


def layers_of(pull: Pull, source: str) -> tuple[Blob, ...]:
    """Return the layers as blobs that `source` can fetch, by the name that they are pulled as."""
    where = (("name", str(pull.name)), ("insecure", "true" if pull.insecure else "false"))
    return tuple(Blob(digest, size, source, where) for digest, size in pull.layers)


def weights_of(pull: Pull, source: str) -> Blob | None:
    """Return the weights among the layers, to look into; None where the hub manifest names none."""
    found = next((digest for kind, digest in pull.parts if kind == "model"), None)
    layers = (blob for blob in layers_of(pull, source) if blob.digest == found)
    return next((replace(blob, locator=(*blob.locator, ("holds", "weights"))) for blob in layers), None)


def rerouted(entry: Desired, route: Route) -> Desired:
    """Return the entry with the steps that this route takes; one that pulls nothing stays as it is."""
    pull = pull_of(entry.steps)
    if pull is None or route is Route.PULL:
        return entry
    uploads = tuple(Upload(blob) for blob in layers_of(pull, entry.source))
    if route is Route.RELAY:
        return replace(entry, steps=(*uploads, *entry.steps))
    return replace(entry, steps=(*uploads, *_installed(entry, pull)))


def _installed(entry: Desired, pull: Pull) -> tuple[Step, ...]:
    """Return the steps with the pull under a staging name, so that the name on the hub is never written."""
    staging = staging_name(fingerprint([str(entry.address), str(pull.manifest), "install"]))
    made: tuple[Step, ...] = (Install(staging, pull), *(_on(staging, pull.name, step) for step in entry.steps[1:]))
    if not any(isinstance(step, Create | Copy) for step in made):
        made = (*made, Copy(staging, entry.address.model))
    kept = tuple(step for step in made if not isinstance(step, Delete) or step.name != staging)
    return (*kept, Delete(staging))


def _on(staging: ModelName, pulled: ModelName, step: Step) -> Step:
    """Return a step that stood on the pulled name, standing on the staging name."""
    match step:
        case Create(base=base) if base == pulled:
            return replace(step, base=staging)
        case Copy(source=source) if source == pulled:
            return replace(step, source=staging)
        case Delete(name=name, unless_there_before=True) if name == pulled:
            return Delete(staging)
        case _:
            return step
