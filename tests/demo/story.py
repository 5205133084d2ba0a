"""The story: what happens, in order, and what must be true after each step. Everything in it is data."""

import json
from hashlib import sha256

from tests.demo.stage import FILE, REPO
from tests.demo.step import Command, Facts, Meddling, Publication, Seen, Step

MODEL, BOT, TINY = "smollm2:135m", "support-bot:latest", "tiny:v1"
OLD, NEW = "Be brief.", "Be kind."
PROMPT = "You answer in one friendly sentence."
PIRATE = "You answer like a pirate."
PARAMETERS = 134_515_008  # of SmolLM2 135M


def _only_looked(seen: Seen) -> Facts:
    yield "nothing was downloaded, nothing was written", (seen.stage.downloads, seen.after) == (0, {})


def _created(seen: Seen) -> Facts:
    yield "the server has them", {MODEL, BOT} <= seen.after.keys()
    info = seen.stage.server.show(MODEL)["model_info"]
    yield f"the server reads {PARAMETERS:,} parameters from the file", info["general.parameter_count"] == PARAMETERS
    yield "the file was downloaded once, for both models", seen.stage.downloads == 1
    yield "the bot has the prompt and the examples of its manifest", _bot_is_as_declared(seen)
    if not seen.stage.no_registry:
        yield "the tiny model came from the registry, and left no second name behind", _only_declared(seen)


def _untouched(seen: Seen) -> Facts:
    yield "no model was written: digests and times are as they were", seen.before == seen.after
    yield "nothing was downloaded", seen.stage.downloads == 1


def _seen_but_untouched(seen: Seen) -> Facts:
    yield "the prompt that was put behind our back is really on the server", _system(seen) == PIRATE
    yield "planning changed nothing", seen.before == seen.after


def _repaired(seen: Seen) -> Facts:
    yield "the server has the prompt of the manifest again", _bot_is_as_declared(seen)
    yield "nothing else was written", _others(seen.before) == _others(seen.after)
    yield "nothing was downloaded for it", seen.stage.downloads == 1


def _edited(seen: Seen) -> Facts:
    parameters = str(seen.stage.server.show(BOT)["parameters"]).split()
    yield "the server has the new temperature", parameters[parameters.index("temperature") + 1] == "0.7"
    yield "nothing else was written", _others(seen.before) == _others(seen.after)


def _recorded(seen: Seen) -> Facts:
    entry = json.loads(seen.output)[f"ollama:{MODEL}"]
    metadata, content = entry["metadata"], sha256(FILE.read_bytes()).hexdigest()
    yield "the record says that the model is there", (entry["provider"], entry["status"]) == ("ollama", "available")
    yield "and where it came from", (metadata["source"], metadata["huggingface_id"]) == ("huggingface", REPO)
    yield "and of which content it is", metadata["sha256"] == content


def _bot_is_as_declared(seen: Seen) -> bool:
    shown = seen.stage.server.show(BOT)
    return bool(shown["system"] == PROMPT and len(shown["messages"]) == 4)


def _system(seen: Seen) -> str:
    return str(seen.stage.server.show(BOT)["system"])


def _only_declared(seen: Seen) -> bool:
    return seen.after.keys() == {MODEL, BOT, TINY}


def _others(models: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return {name: state for name, state in models.items() if name != BOT}


def _locked(seen: Seen) -> Facts:
    lock = json.loads((seen.stage.folder / "manifests" / "reconciler.lock").read_text())["references"]
    yield "the lock has an entry for each source", len(lock) == 2
    yield "nothing was downloaded for it", seen.stage.downloads == 1


def _the_same_there(seen: Seen) -> Facts:
    assert seen.stage.second is not None
    there = seen.stage.second.models()
    yield "the second server has the locked version, under the very same digest", there[TINY][0] == seen.after[TINY][0]
    yield "and nothing else: no temporary name is left", there.keys() == {TINY}


def _upgraded(seen: Seen) -> Facts:
    yield "the server has the new version", seen.stage.server.show(TINY)["system"] == NEW
    yield "nothing else was written", {**seen.before, TINY: ("", "")} == {**seen.after, TINY: ("", "")}


def story(*, with_registry: bool) -> tuple[Step, ...]:
    """Return the steps in order; what needs a registry to pull from is left out where there is none."""
    return (*STORY[:-2], *(LOCK if with_registry else ()), *STORY[-2:])


LOCK: tuple[Step, ...] = (
    Command("Pin what each reference means today, in a file for git.", "reconciler lock", facts=_locked),
    Publication("A colleague pushes another version under the same tag.", {"system": NEW}),
    Command(
        "The plan tells that the tag moved, and leaves the model as it is locked.",
        "reconciler plan --detailed-exitcode",
        says=("outdated",),
        facts=_untouched,
    ),
    Command("What is in the update?", f"reconciler diff {TINY}", says=("the same", OLD, NEW)),
    Command(
        "A second, empty server under the same lock gets what is locked, to the last byte.",
        f"OLLAMA_HOST=$SECOND XDG_STATE_HOME=$ELSEWHERE reconciler apply --auto-approve --target {TINY}",
        facts=_the_same_there,
    ),
    Command("Take the update, on purpose …", f"reconciler lock --upgrade {TINY}", says=("1 moved",)),
    Command("… and apply it.", "reconciler apply --auto-approve", facts=_upgraded),
)
STORY: tuple[Step, ...] = (
    Command("Models are declared in files. Are the files sound? This asks no server.", "reconciler validate"),
    Command(
        "What would change? The server is empty, so everything is new.",
        "reconciler plan --detailed-exitcode",
        status=2,
        says=(MODEL, "support-bot", "to create"),
        facts=_only_looked,
    ),
    Command("Do it: download from the hub, verify, import, build.", "reconciler apply --auto-approve", facts=_created),
    Command(
        "Once more: everything is in sync, and exit code 0 says so.",
        "reconciler plan --detailed-exitcode",
        says=("in sync",),
        facts=_untouched,
    ),
    Command("Applying it again does nothing.", "reconciler apply --auto-approve", facts=_untouched),
    Meddling(
        "Somebody changes the bot behind our back, with Ollama's own API.",
        "/api/create",
        {"model": "support-bot", "from": "support-bot", "system": PIRATE},
    ),
    Command(
        "The plan sees it, field by field.",
        "reconciler plan --detailed-exitcode",
        status=2,
        says=("system", PIRATE, PROMPT, "to update"),
        facts=_seen_but_untouched,
    ),
    Command("Apply puts it right.", "reconciler apply --auto-approve", facts=_repaired),
    Command(
        "Now we change our mind, in the file.",
        "sed -i 's/temperature: 0.2/temperature: 0.7/' manifests/support-bot.yaml",
    ),
    Command(
        "The plan names the one field.",
        "reconciler plan --detailed-exitcode",
        status=2,
        says=("temperature", "0.2", "0.7", "to update"),
    ),
    Command("Apply rebuilds the bot, from its base and in no time.", "reconciler apply --auto-approve", facts=_edited),
    Command("Where do we stand?", "reconciler status", says=(MODEL, "support-bot", "in sync"), facts=_untouched),
    Command("And what is on record, for other programs?", "reconciler registry list --format json", facts=_recorded),
)
