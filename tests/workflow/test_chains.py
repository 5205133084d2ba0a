"""Who is asked for the sources of chains, how often, and what a plan makes of the answers."""

import json
from dataclasses import replace

from reconciler.core.change import Action, Reason
from reconciler.core.lock import Followed, Lock
from reconciler.workflow.resolve import Locking
from tests.manifests import write
from tests.workflow.upstream import Upstream, change, told

FAR = {"huggingface": {"repo": "org/m", "quantization": "Q4_0"}}
IN_SYNC = (Action.NO_OP, (Reason.IN_SYNC,))


def _declare(upstream: Upstream, name: str, *sources: object) -> None:
    spec = f"{{sources: {json.dumps(sources)}}}"
    write(upstream.site.folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec: {spec}\n")


def _near(upstream: Upstream, model: str = "m") -> object:
    return {"ollama": {"name": upstream.name(model), "insecure": True}}


def _lock_only(upstream: Upstream, kind: str) -> None:
    """Keep of the lock what is of this type."""
    held = upstream.lock()
    entries = tuple(entry for entry in held.entries if entry.type == kind)
    upstream.site.locking = Locking(Lock(entries, exists=True))


def test_what_several_chains_share_is_asked_once_and_a_later_source_only_where_it_is_needed(upstream: Upstream) -> None:
    upstream.commit("m-Q8_0.gguf")
    for model in ("m", "n"):
        upstream.publish(model)
    _declare(upstream, "a", FAR, _near(upstream))
    _declare(upstream, "b", FAR, _near(upstream))
    _declare(upstream, "c", _near(upstream, "n"), FAR)

    plan = upstream.site.plan()

    assert {item.after.source for item in plan.changes if item.after is not None} == {"ollama"}
    assert sorted(path for path in upstream.asked() if "manifests" in path) == ["m/manifests/v1", "n/manifests/v1"]
    assert [path for path in upstream.asked() if "revision" in path] == ["org/m/revision/main"]
    assert plan.followed.references == tuple(sorted((upstream.name("m"), upstream.name("n"))))


def test_a_source_that_can_be_had_spares_all_after_it(upstream: Upstream) -> None:
    upstream.commit()
    _declare(upstream, "a", FAR, _near(upstream, "nowhere"))
    plan = upstream.site.plan()
    assert [item.taken for item in change(plan, "a").sources] == [True, False]
    assert not upstream.oci.requests


def test_a_hub_that_is_down_keeps_what_it_gave_and_what_comes_from_elsewhere_goes_on(upstream: Upstream) -> None:
    upstream.publish()
    upstream.publish("n")
    upstream.commit()
    _declare(upstream, "a", _near(upstream), FAR)
    upstream.declare("b", "n")
    upstream.site.apply()
    before = upstream.digest("a")
    upstream.fail(path="/team/m/", times=1000, status=503)

    plan = upstream.site.plan()

    assert (told(plan), plan.complete) == ({"a/a": (Action.REFUSE, (Reason.UNRESOLVED,)), "a/b": IN_SYNC}, False)
    assert not upstream.site.apply(plan).complete
    assert upstream.digest("a") == before
    upstream.heal()
    assert told(upstream.site.plan()) == {"a/a": IN_SYNC, "a/b": IN_SYNC}


def test_beside_a_locked_source_those_before_it_are_asked_only_to_tell_and_those_after_it_never(
    upstream: Upstream,
) -> None:
    upstream.publish()
    upstream.publish("n")
    upstream.commit()
    _declare(upstream, "a", FAR, _near(upstream), _near(upstream, "n"))
    _lock_only(upstream, "ollama")
    upstream.forget()

    plan = upstream.site.plan()

    assert [item.taken for item in change(plan, "a").sources] == [False, True, False]
    assert not [path for path in upstream.asked() if path.startswith("n/")]
    assert plan.followed == Followed((), without_lock=False)
    assert upstream.site.apply(plan).good
    upstream.hf.commit("org/m", {"README.md": b"gone"})
    plan = upstream.site.plan()
    assert told(plan) == {"a/a": IN_SYNC}
    assert "org/m" in change(plan, "a").sources[0].reason


def test_a_lock_that_contradicts_its_manifest_takes_nothing_in_its_stead(upstream: Upstream) -> None:
    upstream.publish()
    upstream.commit()
    _declare(upstream, "a", FAR, _near(upstream))
    _lock_only(upstream, "ollama")
    (entry,) = upstream.site.locking.lock.entries
    spoilt = Lock((replace(entry, pin=()),), exists=True)
    upstream.site.locking = Locking(spoilt)

    plan = upstream.site.plan()

    assert told(plan) == {"a/a": (Action.REFUSE, (Reason.UNRESOLVED,))}
    assert "holds no hub manifest" in change(plan, "a").note
