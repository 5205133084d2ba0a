"""Merging: the file that was split, to the last byte; what is no set of parts is refused, whatever it claims."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import file_digest
from io import BytesIO
from pathlib import Path

import pytest
from gguf import GGUFReader

from reconciler.core.digest import Digest
from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_header import read_header
from reconciler.sources._formats.gguf_merge import merge
from reconciler.sources._formats.gguf_parts import joined, kept_header, known_header
from tests.parts.gguf import CHATML, in_parts, tiny_model
from tests.sources.gguf_files import ARCHITECTURE, LLAMA, Pair, gguf, number, text

ALIGNED = number("general.alignment", 64)


def merged(parts: list[Path]) -> tuple[Digest, bytes]:
    target = BytesIO()
    return merge(parts, target, lambda *_: None), target.getvalue()


def split(place: int, *pairs: Pair, of: int = 2, tensors: int = 2) -> tuple[Pair, ...]:
    told = number("split.no", place, kind=2, format="H"), number("split.count", of, kind=2, format="H")
    return (*pairs, *told, number("split.tensors.count", tensors, kind=5, format="i"))


def first(*more: Pair, name: str = "a", data: int = 36) -> bytes:
    return gguf(*split(0, *LLAMA, *more), tensors=((name, (32, 2), 2, 0),), data=data)


def second(*more: Pair, name: str = "b", data: int = 36) -> bytes:
    return gguf(*split(1, *more), tensors=((name, (32, 2), 2, 0),), data=data)


def written(folder: Path, *contents: bytes) -> list[Path]:
    paths = [folder / f"m-{place:05}-of-{len(contents):05}.gguf" for place in range(1, len(contents) + 1)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("tensors", [1, 4, 11])
def test_the_parts_that_the_gguf_package_writes_become_the_file_that_was_split(tmp_path: Path, tensors: int) -> None:
    whole = tmp_path / "m.gguf"
    digest = tiny_model(whole, seed=3, chat_template=CHATML)
    parts = in_parts(whole, tensors)

    found, content = merged(parts)
    assert (found, content) == (digest, whole.read_bytes())
    (tmp_path / "merged").write_bytes(content)
    assert _tensors(tmp_path / "merged") == _tensors(whole)
    together, alone = joined([(part.name, read_header(part)) for part in parts]), read_header(whole)
    assert replace(together, all_tensors=0) == alone
    kept = known_header(kept_header(together))
    assert kept is not None
    assert (kept.tensors, kept.parts, kept.all_tensors) == (12, 0, 12)


def _tensors(path: Path) -> dict[str, bytes]:
    return {tensor.name: tensor.data.tobytes() for tensor in GGUFReader(path).tensors}


def test_a_real_model_becomes_what_it_was(smollm2: Path, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").symlink_to(smollm2)
    with smollm2.open("rb") as file:
        assert merged(in_parts(tmp_path / "m.gguf", 100))[0].hex == file_digest(file, "sha256").hexdigest()


def test_a_first_part_may_hold_no_tensors_and_the_last_tensor_no_padding(tmp_path: Path) -> None:
    head = gguf(*split(0, *LLAMA, tensors=1), tensors=(), data=0)
    parts = written(tmp_path, head, second())

    digest, content = merged(parts)

    whole = gguf(*LLAMA, tensors=(("b", (32, 2), 2, 0),), data=36) + bytes(64 - 36)
    assert (digest, content) == (Digest.of(whole), whole)


def test_each_part_has_its_place_behind_the_one_before(tmp_path: Path) -> None:
    _, content = merged(written(tmp_path, first(data=36), second(data=36)))

    tensors = (("a", (32, 2), 2, 0), ("b", (32, 2), 2, 64))
    assert content == gguf(*LLAMA, tensors=tensors, data=36) + bytes(28) + b"w" * 36 + bytes(28)


REFUSED: dict[str, tuple[bytes, str]] = {
    "the same tensor twice": (second(name="a"), "holds what another part holds as well"),
    "another alignment": (second(ALIGNED), "are aligned in different ways"),
    "cut off": (second(data=35), "is truncated"),
    "an absurd name": (second(name="x" * 2000), "a tensor with an absurd name"),
    "an absurd alignment": (second(number("general.alignment", 0)), "an impossible alignment"),
    "no GGUF": (b"PK\3\4", "is not a GGUF file"),
    "nothing": (b"", "is truncated"),
}


@pytest.mark.parametrize(("content", "words"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_merged_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        merged(written(tmp_path, first(), content))


def test_a_part_that_shrinks_meanwhile_is_noticed(tmp_path: Path) -> None:
    parts = written(tmp_path, first(), second())
    with pytest.raises(Unusable, match="became shorter while it was read"):
        merge(parts, BytesIO(), lambda *_: parts[1].write_bytes(second()[:-10]))


NO_SET: dict[str, tuple[Callable[[], tuple[bytes, ...]], str]] = {
    "one twice": (lambda: (first(), first()), "is to be part 2 of 2, and is part 1 of 2 by its header"),
    "in another order": (lambda: (second(), first()), "is to be part 1 of 2, and is part 2 of 2"),
    "one that is whole": (lambda: (first(), gguf(*LLAMA)), "is to be part 2 of 2, and is no part of anything"),
    "of three": (
        lambda: (first(), gguf(*split(1, of=3), tensors=(("b", (32, 2), 2, 0),))),
        "is to be part 2 of 2, and is part 2 of 3",
    ),
    "of something else": (
        lambda: (first(), gguf(*split(1, tensors=7), tensors=(("b", (32, 2), 2, 0),))),
        "is a part of something else than m-00001-of-00002.gguf",
    ),
    "too few tensors": (
        lambda: (first(), gguf(*split(1), tensors=(), data=0)),
        "have 1 tensors together, and should have 2",
    ),
    "aligned otherwise": (lambda: (first(ALIGNED), second()), "is aligned in another way than m-00001-of-00002"),
    "an adapter": (
        lambda: (
            gguf(*split(0, ARCHITECTURE, text("general.type", "adapter")), tensors=(("a", (32, 2), 2, 0),)),
            second(),
        ),
        "of the kind adapter, and only models can be in parts",
    ),
}


@pytest.mark.parametrize(("contents", "words"), NO_SET.values(), ids=NO_SET)
def test_headers_tell_what_is_no_set(tmp_path: Path, contents: Callable[[], tuple[bytes, ...]], words: str) -> None:
    parts = written(tmp_path, *contents())
    with pytest.raises(Unusable, match=words):
        joined([(part.name, read_header(part)) for part in parts])


def test_a_cache_that_kept_something_else_kept_no_header() -> None:
    assert known_header(("llama", "model", "", "", True, 1, 2)) is None
