"""The source type `blob`: a digest means itself, and nobody can bring what it names."""

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import facts
from reconciler.errors import NotFound, Unusable
from reconciler.sources import Context, load
from tests.sources.downloads import brought
from tests.sources.references import ref

ONE, TWO = Digest.of(b"one"), Digest.of(b"two")
ALONE, PAIR = ref("blob", sha256=str(ONE)), ref("blob", sha256=ONE.hex, mmproj=f"sha256-{TWO.hex.upper()}")


@pytest.fixture
def source(context: Context):
    return load("blob", context)


def test_it_is_what_it_says_and_asks_nobody(source):
    pinned = source.resolve(PAIR)
    assert pinned.identity == (str(ONE), str(TWO))
    assert [name for name, _ in pinned.files] == ["model.gguf", "mmproj.gguf"]
    assert (source.type, source.offline, pinned.follows, pinned.size) == ("blob", True, False, 0)
    assert pinned.reference == f"{ONE.short} with {TWO.short}"
    assert source.resolve(ALONE).identity == (str(ONE),)


def test_a_question_has_a_name_of_its_own_however_the_digest_is_spelled(source):
    assert source.key(ALONE) == source.key(ref("blob", sha256=ONE.hex.upper())) == str(ONE)
    assert source.key(PAIR) == f"{ONE} mmproj {TWO}"


@pytest.mark.parametrize("question", [ALONE, PAIR])
def test_the_lock_holds_the_digests_and_nothing_else_passes(source, question):
    pinned = source.resolve(question)
    assert source.restore(question, pinned.pin) == pinned
    for wrong in ((), facts({**dict(pinned.pin), "sha256": TWO.hex}), facts({**dict(pinned.pin), "size": 1})):
        with pytest.raises(Unusable, match="locked for the blob"):
            source.restore(question, wrong)


def test_nobody_can_bring_it(source):
    ((_, blob),) = source.resolve(ALONE).files
    assert (blob.locator, source.offers(blob), source.examine(blob)) == ((), False, None)
    with pytest.raises(NotFound, match=f"does not hold the blob {ONE.short} any more"):
        brought(source, blob, lambda *_: None)
    source.release(blob)
