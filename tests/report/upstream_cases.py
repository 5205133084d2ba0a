"""The plans in which something is locked, followed, outdated, or brought by another route than a pull."""

from dataclasses import replace

from reconciler.core.change import Action, Reason
from reconciler.core.facts import facts
from reconciler.core.lock import Followed
from reconciler.core.resolution import Pinned
from reconciler.core.routes import Route, rerouted
from reconciler.core.steps import Blob, Pull, Upload
from tests.report.builders import (
    MB,
    REPO,
    build_steps,
    change,
    desired,
    digest,
    field,
    host,
    import_steps,
    in_sync,
    name,
    plan,
    recorded,
)

GUARDED = "{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}\n"
PLAIN = "{{ .System }}\n{{ .Prompt }}\n"
NEWS = (
    field("license", after="MIT License\n\nCopyright (c) Meta\n"),
    field("parameters.num_ctx", 4096, 8192),
    field("renderer", after="llama3"),
    field("template", PLAIN, GUARDED),
)


def hub_pull(title, *marks, weights="weights"):
    """Return the pull of a model with a layer for each mark, `kind=content`."""
    parts = (("model", digest(weights)), *((mark.partition("=")[0], digest(mark)) for mark in marks))
    sizes = {digest(weights): 1_300 * MB, **{digest(mark): 1_500 for mark in marks}}
    layers = ((digest(f"config {marks}"), 500), *sizes.items())
    return Pull(name(title), insecure=False, manifest=digest(f"{marks}{weights}"), layers=layers, parts=parts)


def hub_model(title, *marks, offered=None, weights="weights", **more):
    """Return a model as the lock pins it, and what upstream offers instead."""
    pull = hub_pull(title, *marks, weights=weights)
    entry = desired(title, source="ollama", reference=title, steps=(pull,), manifest=str(pull.manifest))
    return replace(entry, provenance=told(pull), locked=True, offered=pinned(offered), **more)


def told(pull):
    return facts({"hub": "https://registry.ollama.ai", "manifest": str(pull.manifest), "name": str(pull.name)})


def pinned(pull):
    return pull and Pinned(str(pull.name), told(pull), sum(size for _, size in pull.layers), pull=pull, follows=True)


def hub_file(mark, size=98_400_000, file="m.gguf"):
    """Return what the branch of a repo means now."""
    blob = Blob(digest(mark), size, "huggingface", (("repo", REPO),))
    about = {"repo": REPO, "commit": digest(mark).hex[:40], "file": file, "sha256": digest(mark).hex, "size": size}
    return Pinned(f"{REPO}@main Q4_K_M", facts(about), size, files=((file, blob),), follows=True)


def still(entry, **more):
    return change(str(entry.address.model), Action.NO_OP, Reason.IN_SYNC, before=digest("x"), **more, after=entry)


def done(model, action, *reasons, after, **more):
    """Return a change that asks nothing of the host."""
    return replace(change(model, action, *reasons, after=after, **more), steps=())


def built(title, below):
    """Return a build that is as it should be."""
    entry = desired(title, source="build", reference=f"from {below}", steps=build_steps(title, below))
    return still(entry, base=name(below))


def tuned(title, below):
    """Return a build with an adapter that moved on its hub."""
    then = Blob(digest("adapter"), 9 * MB, "huggingface", (("repo", REPO),))
    reference = f"from {below} with the adapter org/lora@main"
    entry = desired(title, source="build", reference=reference, steps=(Upload(then), *build_steps(title, below)))
    where = facts({"adapter.commit": "1" * 40, "adapter.sha256": then.digest.hex})
    entry = replace(entry, provenance=where, locked=True, offered=hub_file("adapter now", 10 * MB))
    return still(entry, base=name(below))


def outdated():
    """Everything is as it is locked, and upstream has gone on."""
    small = hub_pull("llama3.2:1b", "template=new", "params=new")
    heavy = hub_pull("qwen:7b", "template=a", weights="other weights")
    same = replace(hub_pull("same:1b", "template=a"), manifest=digest("config"))
    repo = desired("smollm2:135m", steps=import_steps("smollm2:135m"))
    return plan(
        still(hub_model("llama3.2:1b", "template=old", "params=old", offered=small), news=NEWS),
        still(hub_model("qwen:7b", "template=a", offered=heavy)),
        still(hub_model("same:1b", "template=a", offered=same), note="what changed upstream can't be told: no answer"),
        still(replace(hub_model("silent:1b"), unchecked="https://registry.ollama.ai: the hub did not answer")),
        still(replace(repo, locked=True, offered=hub_file("moved"))),
        built("bot", "smollm2:135m"),
        built("bot-of-bot", "bot"),
        built("other", "qwen:7b"),
        hosts=(host(in_sync=8),),
    )


def outdated_and_pending():
    """What is outdated is told of whatever is done besides, and a build may be outdated by its adapter."""
    new = hub_pull("a:1b", "template=new", weights="other weights")
    weights = field("weights", str(digest("weights")), str(digest("other weights")))
    there = {title: hub_model(title, offered=hub_pull(title, "system=x")) for title in ("b:1b", "c:1b")}
    pulled = replace(hub_model("pulled:1b", "template=new", "params=new"), locked=False)
    fields = (field("manifest", str(digest("old")), str(digest("new"))), field("parameters.seed", after=1))
    why = (Reason.UPSTREAM_MOVED, Reason.SPEC_CHANGED)
    untold = "what changed upstream can't be told: no answer"
    unlocked = {"note": "x:latest is not in the lock", "hint": "`reconciler lock` adds it"}
    return plan(
        change(
            "a:1b", Action.CREATE, Reason.NEW, after=hub_model("a:1b", "template=old", offered=new), news=(weights,)
        ),
        done("b:1b", Action.ADOPT, Reason.ALREADY_PRESENT, after=there["b:1b"]),
        done("c:1b", Action.REFUSE, Reason.UNMANAGED, after=there["c:1b"], note="exists and is not ours"),
        change("pulled:1b", Action.UPDATE, *why, after=pulled, fields=fields, news=NEWS[:2]),
        change("untold:1b", Action.UPDATE, why[0], after=pulled, fields=fields[:1], note=untold),
        tuned("tuned", "a:1b"),
        change("unknown", Action.REFUSE, Reason.NOT_LOCKED, base=name("a:1b"), **unlocked),
        hosts=(host(in_sync=1),),
    )


def routes():
    """The same model by each of the ways in which its layers can reach a host."""
    entries = {route: hub_model(f"{route.value}ed:1b", "template=a") for route in Route}
    return plan(
        *(
            change(str(entry.address.model), Action.CREATE, Reason.NEW, after=rerouted(entry, route))
            for route, entry in entries.items()
        ),
        hosts=(host(),),
    )


def followed(*references, without_lock=True):
    """All is in sync, and nothing holds it there."""
    made = plan(in_sync("a"), hosts=(host(in_sync=1),))
    return replace(made, followed=Followed(references, without_lock=without_lock))


RECORD = recorded(source="ollama", reference="llama3.2:1b", provenance=told(hub_pull("llama3.2:1b", "template=old")))
UPSTREAM = {
    "outdated": outdated(),
    "outdated_and_pending": outdated_and_pending(),
    "routes": routes(),
    "no_lock": followed("a:latest", "b:latest", "org/repo@main Q4_K_M"),
    "no_lock_of_one": followed("a:latest"),
    "not_in_the_lock": followed("a:latest", "b\x1b[2J", without_lock=False),
}


def lock_moved():
    """Somebody moved the lock, and nothing of that is applied yet."""
    fields = (field("manifest", str(digest("old")), str(digest("new"))),)
    entry = hub_model("llama3.2:1b", "template=new", "params=new")
    return plan(change("llama3.2:1b", Action.UPDATE, Reason.LOCK_MOVED, after=entry, fields=fields, news=NEWS[1:2]))


UPSTREAM["lock_moved"] = lock_moved()
