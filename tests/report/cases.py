"""The plans, runs and records whose reports are kept as golden files."""

from dataclasses import replace

from reconciler.core.change import Action, Reason
from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.core.resource import ModelTest
from reconciler.core.safety import Violation
from reconciler.core.state import RecordedState
from reconciler.ports import Event, Run
from tests.report.builders import (
    MB,
    address,
    build_steps,
    change,
    create,
    desired,
    digest,
    field,
    host,
    import_steps,
    in_sync,
    kept,
    name,
    plan,
    pull_steps,
    recorded,
    silent,
)
from tests.report.chain_cases import CHAINS
from tests.report.parts_cases import PARTS
from tests.report.snapshot_cases import SNAPSHOTS
from tests.report.upstream_cases import UPSTREAM

PROMPT = "You are a support agent.\nAnswer in one sentence.\nNever guess.\nAsk for the order number.\nBe kind.\n"
TURNS = (("user", "Where is my order?"), ("assistant", "Tell me the number\nand I look."))
NOON = "2026-11-22T12:00:00.000Z"


def build(model, base, *reasons, fields=(), drift=(), action=Action.UPDATE):
    after = desired(model, source="build", reference=f"from {base}", steps=build_steps(model, base))
    return change(
        model, action, *reasons, after=after, before=digest(model), fields=fields, drift=drift, base=name(base)
    )


def everything():
    """Every action, as the first page of the documentation shows it."""
    return plan(
        create("smollm2:135m"),
        build(
            "support-bot",
            "smollm2:135m",
            Reason.SPEC_CHANGED,
            Reason.BASE_CHANGED,
            fields=(field("base", "1" * 64, "2" * 64), field("parameters.temperature", 0.7, 0.2)),
        ),
        change("old:7b", Action.DELETE, Reason.NOT_DECLARED, before=digest("old")),
        change(
            "llama3:8b",
            Action.REFUSE,
            Reason.UNMANAGED,
            after=desired("llama3:8b", source="ollama", reference="llama3:8b"),
            before=digest("llama3"),
            note="exists and is not ours",
            hint="rename the resource, or delete the model from the host by hand",
        ),
        change("mine:1b", Action.ADOPT, Reason.ALREADY_PRESENT, after=desired("mine:1b"), before=digest("mine")),
        change("lost:1b", Action.FORGET, Reason.GONE),
        in_sync("a"),
        in_sync("b"),
        kept("was-mine"),
        hosts=(host(in_sync=2, unmanaged=("x", "y", "z"), undeclared=("was-mine",)),),
        costs={"smollm2:135m": (0, 0), "support-bot": (0, 0), "old:7b": (0, -4_100 * MB)},
    )


def every_reason():
    """How each kind of work is named, and what it costs."""
    pulled = desired("llama3.2:1b", source="ollama", reference="llama3.2:1b", steps=pull_steps("llama3.2:1b"))
    local = desired("local", source="gguf", reference="/srv/models/m.gguf", steps=import_steps("local"))
    partly = desired("partly", source="ollama", reference="llama3.2:1b", steps=pull_steps("partly"))
    fields = (field("manifest", str(digest("old hub")), str(digest("hub"))),)
    return plan(
        change(
            "llama3.2:1b",
            Action.UPDATE,
            Reason.UPSTREAM_MOVED,
            Reason.DRIFTED,
            after=pulled,
            before=digest("x"),
            fields=fields,
        ),
        change("local", Action.CREATE, Reason.MISSING, after=local),
        change("partly", Action.UPDATE, Reason.UNMANAGED, after=partly, before=digest("y")),
        build("new-bot", "local", Reason.NEW, action=Action.CREATE),
        change("typo", Action.REFUSE, Reason.UNRESOLVED, note="no repo org/typo", hint="did you mean org/type?"),
        change(
            "on-typo", Action.REFUSE, Reason.BASE_REFUSED, base=name("typo"), note="its base typo:latest is refused"
        ),
        change("bare", Action.REFUSE, Reason.UNMANAGED),
        change("forgotten", Action.FORGET, Reason.NOT_DECLARED, before=digest("f")),
        change("behind", Action.ADOPT, Reason.SPEC_CHANGED, after=desired("behind"), before=digest("b")),
        hosts=(host(),),
        costs={
            "llama3.2:1b": (1_300 * MB, 1_300 * MB),
            "local": (98_400_000, 98_400_000),
            "partly": (1000, 1000),
        },
    )


def fields():
    """Short and long values, lists, messages, and values that come, go, or are null."""
    before, after = PROMPT, PROMPT.replace("Never guess.", "Say that you don't know.")
    return plan(
        build(
            "support-bot",
            "smollm2:135m",
            Reason.SPEC_CHANGED,
            Reason.DRIFTED,
            drift=(field("parameters.seed", 7), field("system", "evil", "good"), field("template", after, before)),
            fields=(
                field("license", after="MIT"),
                field("messages", TURNS, (*TURNS[:1], ("assistant", "Tell me the number\nand I will look."))),
                field("parameters.num_ctx", after=4096),
                field("parameters.penalize_newline", True, False),
                field("parameters.seed", 42, None),
                field("parameters.stop", ("<|im_end|>", "</s>"), ("<|im_end|>",)),
                field("parameters.many", tuple(f"stop word {n}" for n in range(9)), ("stop word 0",)),
                field("system", before, after),
                field("template", "{{ .Prompt }}"),
                field("weights", ("sha256:" + "a" * 64,), ("sha256:" + "b" * 64,)),
            ),
        ),
        create("with-overlay", system="Be short.", template=PROMPT),
        costs={"with-overlay": (98_400_000, 98_400_000)},
    )


def still_ours(title):
    """Return a change that only puts on record what is there as declared."""
    return replace(change(title, Action.ADOPT, Reason.ALREADY_PRESENT, after=desired(title)), before=digest(title))


def drifted_and_undeclared():
    """Ours, changed by somebody else and no longer declared: looked at by people."""
    return plan(
        change(
            "old:7b",
            Action.REFUSE,
            Reason.NOT_DECLARED,
            Reason.DRIFTED,
            before=digest("evil"),
            drift=(field("system", "evil", "good"),),
            note="no longer declared, but changed by somebody else since we applied it",
            hint="look at it, then delete it by hand or declare it again",
        )
    )


def fleet():
    """Some hosts answer and some do not."""
    return plan(
        create("m", "a"),
        in_sync("m", "c"),
        hosts=(host("a", url="https://ann:secret@a.example:443/ollama"), host("c", in_sync=1)),
        unobserved=(silent("b"), silent("d", hint="")),
    )


def hostile():
    """Text that would like to be a command to the terminal."""
    red, turned = "\x1b[31mred\x1b]0;title\x07", "gpj.\u202egnp"
    return plan(
        build(
            "x" * 80,
            "smollm2:135m",
            Reason.SPEC_CHANGED,
            fields=(
                field(f"parameters.{red}", turned, f"a\rb\x9b2J\u2066{red}"),
                field("system", f"one\n{red}\nthree\ttab", f"one\n{turned}\nthree\u2028line"),
                field("template", "漢字" * 20, "ｆｕｌｌ\u3000ｗｉｄｔｈ and e\u0301 and half \udcff"),
            ),
        ),
        change("typo", Action.REFUSE, Reason.UNRESOLVED, note=f"no such repo: {red}\nforged line", hint=turned),
        hosts=(host(version=f"0.9.3{red}"),),
        unobserved=(silent("down", message=f"it said {red}", hint=turned),),
        violations=(Violation(str(address("x")), "own-name", f"a step would write {red}"),),
    )


def wide():
    """Names and reasons of very different widths, still in columns."""
    entry = desired("m", source="gguf", reference="/模型/模型.gguf", steps=import_steps("m"))
    return plan(
        change("m", Action.CREATE, Reason.NEW, after=entry),
        create("a-name-that-is-just-longer:and-a-tag"),
        create("n" * 70),
        costs={"m": (98_400_000, 98_400_000)},
    )


def doubted():
    """What may not work."""
    made = create("m", steps=import_steps("m"))
    told = ("m.gguf brings\x1b no chat template", "num_ctx is 9000, and m.gguf was trained on 64 tokens")
    return plan(replace(made, after=replace(made.after, warnings=told)))


def tested():
    """What will be asked, and when."""
    asked = ModelTest("What is\x1b two and two? " * 5, "four", timeout=60)
    counted = ModelTest(dimensions=384, rollback=True)
    due = change("due", Action.TEST, Reason.UNTESTED, after=desired("due"), before=digest("due"))
    changes = (
        (create("new", steps=()), asked),
        (build("bot", "new", Reason.BASE_CHANGED), counted),
        (due, replace(asked, rollback=True)),
        (in_sync("quiet"), asked),
    )
    return plan(*(replace(item, after=replace(item.after, test=test)) for item, test in changes))


PLANS = {
    **SNAPSHOTS,
    "tested": tested(),
    "everything": everything(),
    "every_reason": every_reason(),
    "fields": fields(),
    "drifted_and_undeclared": drifted_and_undeclared(),
    "fleet": fleet(),
    "hostile": hostile(),
    "wide": wide(),
    "in_sync": plan(in_sync("a"), in_sync("b"), hosts=(host(in_sync=2, unmanaged=("x",)),)),
    "in_sync_with_kept": plan(in_sync("a"), kept("old"), hosts=(host(in_sync=1, undeclared=("old",)), host("two"))),
    "in_sync_but_silent": plan(in_sync("a"), hosts=(host(in_sync=1),), unobserved=(silent("b"),)),
    "nothing_known": plan(hosts=(), unobserved=(silent("b"),)),
    "nothing_at_all": plan(hosts=()),
    "only_records": plan(still_ours("a"), in_sync("b"), hosts=(host(in_sync=1),)),
    "only_bookkeeping": plan(change("lost", Action.FORGET, Reason.GONE)),
    "unsafe": plan(create("m"), violations=(Violation(str(address("m")), "own-name", "a step would write x:latest"),)),
    "chains": CHAINS,
    "doubted": doubted(),
    "parts": PARTS,
    **UPSTREAM,
}

OUTCOMES = (
    Outcome(address("a"), Action.CREATE, Status.APPLIED, digest("a"), moved=98_400_000, seconds=12.345),
    Outcome(address("b:7b"), Action.DELETE, Status.APPLIED, seconds=0.02),
    Outcome(address("c"), Action.UPDATE, Status.FAILED, message="HTTP 500 \x1b[2J", hint="look at the host's log"),
    Outcome(address("d"), Action.CREATE, Status.SKIPPED, message="its base c:latest failed"),
    Outcome(address("e", "other"), Action.REFUSE, Status.REFUSED, message="exists and is not ours"),
)
RUNS = {
    "mixed": RunResult("20261122T120000-abcdef", OUTCOMES, complete=False),
    "good": RunResult("20261122T120000-abcdef", OUTCOMES[:2], complete=True),
    "empty": RunResult("20261122T120000-abcdef", (), complete=True),
}

RECORDS = RecordedState(
    "0123456789abcdef",
    7,
    (
        recorded(),
        recorded(
            "support-bot",
            source="build",
            reference="from smollm2:135m",
            provenance=(),
            base=name("smollm2:135m"),
            base_digest=digest("smollm2:135m"),
            protect=True,
            untested=True,
            content=(("system", PROMPT), ("parameters.stop", ("x",))),
        ),
        recorded(host="gpu-01", applied_at="2026-11-23T12:00:00.000Z"),
    ),
)
HISTORY = (
    (
        Run("r3", NOON, "f" * 64, "ann@desk"),
        Run("r2", NOON, "e" * 64, "bob@ci", "2026-11-22T12:01:00.000Z", "partial"),
    ),
    tuple(
        Event(run, NOON, outcome) for run, outcome in (("r2", OUTCOMES[2]), ("r1", OUTCOMES[1]), ("r2", OUTCOMES[0]))
    ),
)
LONELY = replace(RECORDS, records=())
