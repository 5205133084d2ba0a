"""What `diff` tells, as golden files keep it."""

from dataclasses import replace

from reconciler.core.change import Action, Reason
from reconciler.core.facts import facts
from reconciler.core.state import RecordedState
from reconciler.report.upstream import told
from tests.report.builders import build_steps, change, desired, digest, field, import_steps, name, plan, recorded
from tests.report.upstream_cases import NEWS, UPSTREAM, hub_file, hub_model, hub_pull, still
from tests.report.upstream_cases import told as provenance

RED = "\x1b[31mred\x1b]0;title\x07\u202e"


def answers(made, *names, records=(), bases=None):
    """Return what is told of these models on whatever hosts they are."""
    by_host = {change.address.host: bases or {} for change in made.changes}
    return told(made, RecordedState("", 0, records), tuple(map(name, names)), by_host)


def followed(host="default", *, news=NEWS, facts_then=None, **more):
    """Return a model whose tag moved since it was applied, and its record."""
    then, now = hub_pull("chat", "template=old", "params=old"), hub_model("chat", "template=new", "params=new")
    entry = replace(now, address=replace(now.address, host=host), locked=False)
    record = recorded(
        "chat", host, source="ollama", reference="chat", provenance=provenance(then),
        content=facts({"manifest": str(then.manifest)}),
    )  # fmt: skip
    record = replace(record, facts=facts(facts_then or {"weights": str(digest("weights"))}))
    made = change("chat", Action.UPDATE, Reason.UPSTREAM_MOVED, host=host, after=entry, news=news, **more)
    return made, record


def on_several_hosts():
    """Two were left alike, one otherwise; one has nothing, and of one it is not on record what it was made from."""
    pairs = [followed("a"), followed("b"), followed("c", news=(), note="what was there before is not known any more")]
    new = [followed(host)[0] for host in "de"]
    adopted = replace(pairs[0][1], address=new[1].address, content=())
    made = plan(*(change for change, _ in pairs), *new)
    return answers(made, "chat", records=(*(record for _, record in pairs), adopted), bases={name("bot"): name("chat")})


def other_weights():
    """Nothing is known but digests: of the weights that were there, and of those that come."""
    made, record = followed(news=(), facts_then={"weights": str(digest("weights before"))})
    return answers(plan(made), "chat", records=(record,))


def nothing_known_before():
    """Of what was there only the hub manifest's digest is on record."""
    made, record = followed(news=(), facts_then={"template": "x"})
    return answers(plan(made), "chat", records=(record,))


def file_of_a_hub():
    """A branch of a repo was followed, and its file is another now."""
    moved = hub_file("moved", 99_000_000, "other.gguf")
    entry = replace(
        desired("m", steps=import_steps("m", 99_000_000)),
        content=facts({"weights": moved.identity}),
        provenance=moved.provenance,
    )
    made = change("m", Action.UPDATE, Reason.UPSTREAM_MOVED, after=entry)
    return answers(plan(made), "m", records=(recorded("m"),))


def in_sync():
    """A build on a model that is as upstream has it, one that is locked, and one that upstream can't speak of."""
    build = desired("bot", source="build", reference="from m", steps=build_steps("bot", "m"))
    silent = replace(hub_model("silent"), unchecked=f"the hub did not answer: {RED}")
    there = replace(desired("m"), content=recorded("m").content)
    locked = replace(desired("locked"), locked=True)
    made = plan(still(build, base=name("m")), still(there), still(locked), still(silent))
    return answers(made, "bot", "m", "locked", "silent", records=(recorded("m"),))


def hostile():
    """Text that would like to be a command to the terminal."""
    entry = replace(hub_model(RED_NAME, "system=x", offered=hub_pull(RED_NAME, "system=y")), reference=RED)
    news = (field(f"parameters.{RED}", RED, f"a\r{RED}"), field("system", f"one\n{RED}", f"one\n{RED}{RED}"))
    unknown = change("typo", Action.REFUSE, Reason.UNRESOLVED, note=f"no such repo: {RED}\nforged", hint=RED)
    return answers(plan(still(entry, news=news, note=RED), unknown), RED_NAME, "typo")


RED_NAME = "x" * 70
DIFFS = {
    "outdated": answers(
        UPSTREAM["outdated"], "llama3.2:1b", "qwen:7b", "same:1b", "smollm2:135m", "bot-of-bot", "bot",
        bases={name("bot"): name("smollm2:135m"), name("bot-of-bot"): name("bot")},
    ),
    "adapter": answers(UPSTREAM["outdated_and_pending"], "tuned", "a:1b"),
    "several_hosts": on_several_hosts(),
    "other_weights": other_weights(),
    "nothing_known_before": nothing_known_before(),
    "file": file_of_a_hub(),
    "in_sync": in_sync(),
    "hostile": hostile(),
}  # fmt: skip
