"""A policy about quantisations: what is taken of what is there, and what is said where nothing fits."""

import pytest

from reconciler.errors import Ambiguous, NotFound, ResolutionError, Unusable
from reconciler.sources import Context, load
from reconciler.sources._hugging_face.policy import Policy, fitting
from tests.fakes.hf_server import HubServer
from tests.sources.references import ref
from tests.sources.test_huggingface_files import files

MB = 1_000_000
REPO = ("m-Q2_K.gguf", "m-Q4_K_M.gguf", "m-Q5_K_M.gguf", "m-Q8_0.gguf")  # of 1, 2, 3 and 4 MB

TAKEN = {
    "the first that is there": (("Q6_K", "Q5_K_M", "Q4_K_M"), None, "m-Q5_K_M.gguf"),
    "the first that fits": (("Q8_0", "Q5_K_M", "Q4_K_M"), 2 * MB, "m-Q4_K_M.gguf"),
    "to the byte": (("Q8_0", "Q5_K_M"), 3 * MB, "m-Q5_K_M.gguf"),
    "without a preference the largest that fits": ((), 3 * MB + 1, "m-Q5_K_M.gguf"),
}


@pytest.mark.parametrize(("prefer", "largest", "taken"), TAKEN.values(), ids=TAKEN)
def test_a_policy_takes_one(prefer: tuple[str, ...], largest: int | None, taken: str) -> None:
    assert fitting("o/r", files(*REPO), Policy(prefer, largest)).path == taken


LISTED = "m-Q2_K.gguf (Q2_K, 1.0 MB), m-Q4_K_M.gguf (Q4_K_M, 2.0 MB), m-Q5_K_M.gguf (Q5_K_M, 3.0 MB), m-Q8_0.gguf"
REFUSED = {
    "nothing fits": (REPO, ("Q8_0",), 2 * MB, NotFound, f"o/r has no Q8_0 up to 2000000 B; it has {LISTED}"),
    "no other is taken": (REPO, ("Q6_K", "Q3_K"), None, NotFound, f"o/r has no Q6_K or Q3_K; it has {LISTED}"),
    "all are too large": (REPO, (), 1024, NotFound, f"o/r has no file up to 1 KiB; it has {LISTED}"),
    "not even a byte": (REPO, (), 0, NotFound, f"o/r has no file up to 0 B; it has {LISTED}"),
    "only parts": (
        ("m-Q4_0-00001-of-00002.gguf",), ("Q4_0",), None, NotFound, "o/r has no Q4_0; it has m-Q4_0-00001-of-00002.gguf"
    ),
    "two of the first": (("a-Q4_0.gguf", "b-Q4_0.gguf"), ("Q4_0",), None, Ambiguous, "o/r has 2 files of Q4_0: a-Q4_0"),
    "no GGUF": (("m.safetensors",), ("Q4_0",), None, Unusable, "Model needs GGUF format"),
}  # fmt: skip


@pytest.mark.parametrize(("paths", "prefer", "largest", "kind", "words"), REFUSED.values(), ids=REFUSED)
def test_where_nothing_fits_all_candidates_are_named(
    paths: tuple[str, ...], prefer: tuple[str, ...], largest: int | None, kind: type[ResolutionError], words: str
) -> None:
    with pytest.raises(ResolutionError) as caught:
        fitting("o/r", files(*paths), Policy(prefer, largest))
    assert type(caught.value) is kind
    assert caught.value.message.startswith(words)
    assert caught.value.hint


def test_a_policy_is_named_in_the_lock_with_what_it_chose(hub: HubServer, hub_context: Context) -> None:
    hub.commit("o/r", {"m-Q4_K_M.gguf": b"four", "m-Q5_K_M.gguf": b"of five"})
    source = load("huggingface", hub_context)
    question = ref("huggingface", repo="o/r", prefer=("q5_K_m", "Q4_K_M"), maxSize=6 << 30)

    pinned = source.resolve(question)

    assert source.key(question) == pinned.reference == "o/r@main Q5_K_M or Q4_K_M up to 6 GiB"
    assert dict(pinned.pin)["file"] == "m-Q5_K_M.gguf"
    assert source.restore(question, pinned.pin) == pinned


def test_a_lock_that_the_policy_contradicts_is_refused(hub: HubServer, hub_context: Context) -> None:
    hub.commit("o/r", {"m-Q4_K_M.gguf": b"four", "m-Q5_K_M.gguf": b"of five"})
    source = load("huggingface", hub_context)
    pin = source.resolve(ref("huggingface", repo="o/r", prefer=("Q5_K_M",))).pin
    for other in (ref("huggingface", repo="o/r", prefer=("Q4_K_M",)), ref("huggingface", repo="o/r", maxSize=6)):
        with pytest.raises(Unusable, match="not what is meant"):
            source.restore(other, pin)
