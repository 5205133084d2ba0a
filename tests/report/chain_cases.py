"""Models that could come from several sources, as golden files keep what is told of them."""

from dataclasses import replace

from reconciler.core.chain import EARLIER, Tried
from reconciler.core.change import Action, Reason
from reconciler.core.state import RecordedState
from reconciler.report.upstream import told
from tests.report.builders import change, create, digest, field, host, name, plan, recorded
from tests.report.upstream_cases import NEWS, hub_model, hub_pull, still

FAR, HUB, NEAR = "huggingface org/x@main Q4_K_M", "ollama llama3.2:1b", "gguf /srv/m.gguf"
NO_Q4 = Tried(FAR, reason="org/x has no Q4_K_M; it has x-Q8_0.gguf (Q8_0, 1.1 GB)")
SECOND = (NO_Q4, Tried(HUB, taken=True), Tried(NEAR))
LOCKED = (Tried(FAR, reason=EARLIER), Tried(HUB, taken=True), Tried(NEAR))
RED = Tried("ollama \x1b[31mred", reason="it said \x1b]0;title\x07\u202e")
DOWN = Tried(FAR, reason="503 Service Unavailable, which may pass, so no later one is taken")
NOTE = f"none of its 2 sources can be taken: not {FAR}: {DOWN.reason}; not {HUB}: it was not tried"


def pulled(title, sources, **more):
    return replace(hub_model(title, "template=old", sources=sources, **more), reference="llama3.2:1b")


def new(title, sources):
    return change(title, Action.CREATE, Reason.NEW, after=replace(pulled(title, sources), locked=False))


def chains():
    """Taken from the first and from a later one, moved to another, taken from none, and what a lock keeps."""
    first, moved = create("first:1b"), replace(pulled("moved:1b", SECOND), locked=False)
    fields = (field("manifest", after=str(digest("hub"))), field("weights", ("sha256:" + "b" * 64,)))
    newer = hub_pull("llama3.2:1b", "template=new")
    return plan(
        replace(first, after=replace(first.after, sources=(Tried(FAR, taken=True), Tried(HUB)))),
        new("second:1b", SECOND),
        change("moved:1b", Action.UPDATE, Reason.SOURCE_CHANGED, after=moved, before=digest("m"), fields=fields),
        change("none:1b", Action.REFUSE, Reason.UNRESOLVED, note=NOTE, failed=(DOWN, Tried(HUB, reason="not tried"))),
        new("hostile:1b", (RED, *SECOND[1:])),
        still(pulled("locked:1b", LOCKED)),
        still(pulled("outdated:1b", LOCKED, offered=newer), news=NEWS[-1:]),
        hosts=(host(in_sync=2),),
    )


CHAINS = chains()
RECORD = recorded(source="ollama", reference="llama3.2:1b", sources=SECOND)
DIFF = told(CHAINS, RecordedState("", 0), tuple(map(name, ("locked:1b", "none:1b", "hostile:1b", "outdated:1b"))), {})
