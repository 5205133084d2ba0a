"""Split GGUFs as sources give them: all parts pinned, merged once, kept until nobody needs them, and nobody else's."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.resolution import Pinned
from reconciler.core.steps import Blob
from reconciler.errors import Interrupted, NotFound, ResolutionError, Unusable
from reconciler.sources import Context, FileCache, load
from tests.fakes.hf_server import HubServer
from tests.parts.gguf import in_parts, tiny_model, tiny_projector
from tests.sources.references import ref


def quietly(*_: object) -> None:
    """Report nothing."""


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    tiny_model(tmp_path / "m.gguf")
    return in_parts(tmp_path / "m.gguf", 4)


def resolved(context: Context, path: Path, **options: str) -> Pinned:
    return load("gguf", context).resolve(ref("gguf", path=str(path), **options))


def only(pinned: Pinned) -> Blob:
    [(_, blob)] = pinned.files
    return blob


def whole(parts: list[Path]) -> Digest:
    return Digest.of((parts[0].parent / "m.gguf").read_bytes())


def elsewhere(context: Context, tmp_path: Path) -> Context:
    return replace(context, cache=FileCache(tmp_path / "other"), downloads=tmp_path / "other-downloads")


def test_any_part_names_all_of_them(context: Context, parts: list[Path]) -> None:
    found = [resolved(context, part) for part in parts]

    assert {pinned.identity for pinned in found} == {found[0].identity}
    assert [name for name, _ in found[0].files] == ["m.gguf"]
    assert [part.digest for part in only(found[0]).parts] == [Digest.of(part.read_bytes()) for part in parts]
    assert found[0].size == sum(part.stat().st_size for part in parts)
    pin = dict(found[0].pin)
    assert pin["sha256"] == only(found[0]).digest.hex
    assert pin["files"] == tuple(
        f"{part.name} {Digest.of(part.read_bytes()).hex} {part.stat().st_size}" for part in parts
    )
    assert dict(found[0].provenance)["parts"] == 3


def test_the_same_parts_are_the_same_content_wherever_they_are(
    context: Context, parts: list[Path], hub: HubServer, tmp_path: Path
) -> None:
    here = resolved(context, parts[0])
    hub.commit("org/m", {part.name.replace("m-", "deep/other-"): part.read_bytes() for part in parts})
    there = load("huggingface", replace(context, environ={"HF_ENDPOINT": hub.url}))
    assert there.resolve(ref("huggingface", repo="org/m")).identity == here.identity


def test_parts_are_merged_once_and_again_only_after_they_were_released(
    context: Context, parts: list[Path], tmp_path: Path
) -> None:
    source, phases = load("gguf", context), []
    blob = only(source.resolve(ref("gguf", path=str(parts[0]))))

    digest, path = source.merge(blob, lambda phase, *_: phases.append(phase))
    assert (digest, Digest.of(path.read_bytes()), "merging" in phases) == (whole(parts), whole(parts), True)
    phases.clear()
    assert source.merge(blob, lambda phase, *_: phases.append(phase)) == (digest, path)
    assert "merging" not in phases
    forgetful = load("gguf", replace(context, cache=FileCache(tmp_path / "empty")))
    assert forgetful.merge(blob, quietly) == (digest, path)

    source.release(blob)
    assert not path.exists()
    assert all(part.is_file() for part in parts)
    assert only(source.resolve(ref("gguf", path=str(parts[0])))).merged == digest
    assert source.merge(blob, quietly) == (digest, path)


def test_what_a_killed_merge_left_is_no_result(context: Context, parts: list[Path]) -> None:
    blob = only(resolved(context, parts[0]))
    context.downloads.mkdir(parents=True)
    (context.downloads / f"{blob.digest.hex}.merging").write_bytes(b"GGUF and no more")

    digest, path = load("gguf", context).merge(blob, quietly)

    assert Digest.of(path.read_bytes()) == digest == whole(parts)
    assert sorted(item.suffix for item in context.downloads.iterdir()) == ["", ".lock"]


def test_an_interrupted_merge_leaves_no_large_file(context: Context, parts: list[Path]) -> None:
    def stopped(phase: str, *_: object) -> None:
        if phase == "merging":
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        load("gguf", context).merge(only(resolved(context, parts[0])), stopped)
    assert [item.suffix for item in context.downloads.iterdir()] == [".lock"]


def test_a_part_that_changed_since_is_noticed(context: Context, parts: list[Path]) -> None:
    blob, source = only(resolved(context, parts[0])), load("gguf", context)
    assert source.offers(blob)
    parts[1].write_bytes(parts[1].read_bytes()[:-1] + b"x")

    assert not source.offers(blob)
    with pytest.raises(Unusable, match=r"00002-of-00003\.gguf has changed since the plan was made"):
        source.merge(blob, quietly)


def test_there_has_to_be_room_for_the_parts_and_for_the_whole_before_anything_is_fetched(
    context: Context, parts: list[Path], hub: HubServer
) -> None:
    hub.commit("org/m", {part.name: part.read_bytes() for part in parts})
    source = load("huggingface", replace(context, environ={"HF_ENDPOINT": hub.url}))
    blob = only(source.resolve(ref("huggingface", repo="org/m")))
    free = shutil.disk_usage(context.downloads.parent).free
    hub.requests.clear()

    with pytest.raises(ResolutionError, match="bytes are to be stored and") as caught:
        source.merge(replace(blob, size=free), quietly)

    assert "XDG_CACHE_HOME" in caught.value.hint
    assert hub.requests == []


def test_a_disk_that_can_not_be_written_is_named(context: Context, parts: list[Path]) -> None:
    blob = only(resolved(context, parts[0]))
    context.downloads.parent.mkdir(parents=True, exist_ok=True)
    context.downloads.write_text("a file where a folder should be")
    with pytest.raises(ResolutionError, match=context.downloads.name):
        load("gguf", context).merge(blob, quietly)


def test_a_part_that_is_missing_is_named(context: Context, parts: list[Path]) -> None:
    parts[1].unlink()
    with pytest.raises(NotFound, match=r"one of 3 parts of a split GGUF, and m-00002-of-00003\.gguf is not beside it"):
        resolved(context, parts[2])


def test_parts_do_not_lead_out_of_their_folder(context: Context, parts: list[Path], tmp_path: Path) -> None:
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    moved = parts[1].rename(outside / "secret.gguf")
    parts[1].symlink_to(moved)
    with pytest.raises(Unusable, match="is a link that leads out of"):
        resolved(context, parts[0])


def test_a_sha256_pins_no_set(context: Context, parts: list[Path], hub: HubServer) -> None:
    hub.commit("org/m", {part.name: part.read_bytes() for part in parts})
    there = load("huggingface", replace(context, environ={"HF_ENDPOINT": hub.url}))
    pin = Digest.of(parts[0].read_bytes()).hex
    for ask in (
        lambda: resolved(context, parts[0], sha256=pin),
        lambda: there.resolve(ref("huggingface", repo="org/m", sha256=pin)),
    ):
        with pytest.raises(Unusable, match=r"sha256 pins one file, and m\.gguf has 3 parts") as caught:
            ask()
        assert "lock" in caught.value.hint


def test_a_part_in_git_itself_has_no_sha256(context: Context, parts: list[Path], hub: HubServer) -> None:
    hub.commit("org/m", {part.name: part.read_bytes() for part in parts[1:]})
    hub.add("org/m", {parts[0].name: parts[0].read_bytes()}, lfs=False)
    there = load("huggingface", replace(context, environ={"HF_ENDPOINT": hub.url}))
    with pytest.raises(Unusable, match=r"m-00001-of-00003\.gguf is kept in git itself"):
        there.resolve(ref("huggingface", repo="org/m"))


def test_a_projector_stays_beside_what_is_merged(context: Context, parts: list[Path], tmp_path: Path) -> None:
    eyes = tiny_projector(tmp_path / "eyes.gguf")
    reference = ref("gguf", path=str(parts[0]), mmproj=str(tmp_path / "eyes.gguf"))
    pinned = load("gguf", context).resolve(reference)

    assert [name for name, _ in pinned.files] == ["m.gguf", "eyes.gguf"]
    assert pinned.files[1][1].digest == eyes
    assert pinned.reference == "m-00001-of-00003.gguf with eyes.gguf"
    assert load("gguf", elsewhere(context, tmp_path)).restore(reference, pinned.pin) == pinned


def test_a_lock_of_other_parts_is_no_lock_of_these(context: Context, parts: list[Path]) -> None:
    source, pin = load("gguf", context), dict(resolved(context, parts[0]).pin)
    files = pin["files"]
    assert isinstance(files, tuple)
    spoilt = ({"files": files[1:]}, {"files": files[::-1]}, {"sha256": "0" * 64}, {"files": ("x",)}, {"files": "x"})
    for wrong in spoilt:
        with pytest.raises(Unusable):
            source.restore(ref("gguf", path=str(parts[0])), tuple(sorted({**pin, **wrong}.items())))
    with pytest.raises(Unusable):
        source.restore(ref("gguf", path=str(parts[0].with_name("n-00001-of-00003.gguf"))), tuple(pin.items()))


def test_a_header_tells_a_part_whose_name_does_not(context: Context, parts: list[Path]) -> None:
    renamed = parts[0].rename(parts[0].with_name("renamed.gguf"))
    with pytest.raises(Unusable, match=r"renamed\.gguf is one of 3 parts of a split GGUF") as caught:
        resolved(context, renamed)
    assert "00001-of-0000N.gguf" in caught.value.hint


def test_types_that_know_no_parts_say_so(context: Context) -> None:
    blob = Blob(Digest.of(b""), 0, "x", (("file", "x"),))
    for kind in ("ollama", "safetensors"):
        with pytest.raises(Unusable, match="is not in parts"):
            load(kind, context).merge(blob, quietly)


def test_an_unchanged_set_is_read_only_once(context: Context, parts: list[Path]) -> None:
    pinned = resolved(context, parts[0])
    for part in parts:
        stamp = part.stat()
        part.write_bytes(b"x" * stamp.st_size)
        os.utime(part, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert resolved(context, parts[0]) == pinned
