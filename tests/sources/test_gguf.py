"""GGUF files on this machine: hashed once, refused when no server could run them, and noticed when they change."""

import os
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.resolution import Pinned
from reconciler.core.steps import Blob
from reconciler.errors import NotFound, ResolutionError, Unusable
from reconciler.sources import Context, load
from tests.parts.gguf import tiny_adapter, tiny_model
from tests.sources.downloads import brought
from tests.sources.gguf_files import ARCHITECTURE, LLAMA, gguf, number, text
from tests.sources.references import ref


def resolved(context: Context, path: Path, **options: str) -> Pinned:
    return load("gguf", context).resolve(ref("gguf", path=str(path), **options))


def fetched(context: Context, blob: Blob) -> Path:
    return brought(load("gguf", context), blob, lambda *_: None)


def test_a_file_is_pinned_to_its_content(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    digest = tiny_model(path)

    pinned = resolved(context, path)

    size = path.stat().st_size
    assert pinned.files == (("m.gguf", Blob(digest, size, "gguf", (("path", str(path)),))),)
    assert (pinned.reference, pinned.size, pinned.pull, pinned.foretold) == ("m.gguf", size, None, ())
    about = {"architecture": "llama", "path": str(path), "sha256": digest.hex, "size": size}
    assert dict(pinned.provenance) == about


def test_an_adapter_is_told_from_a_model(context: Context, tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.gguf")
    tiny_adapter(tmp_path / "a.gguf")
    for _ in range(2):
        assert resolved(context, tmp_path / "m.gguf").holds == "model"
        assert resolved(context, tmp_path / "a.gguf").holds == "adapter"


REFUSED = {
    "a part": (
        gguf(*LLAMA, number("split.count", 2)),
        "m.gguf is one of 2 parts of a split GGUF",
        "put all parts together",
    ),
    "a projector": (gguf(text("general.architecture", "clip")), "m.gguf is a projector (clip)", "the model's own"),
    "an importance matrix": (gguf(ARCHITECTURE, text("general.type", "imatrix")), "of the type 'imatrix'", "own GGUF"),
    "a vocabulary": (gguf(*LLAMA, tensors=(), data=0), "m.gguf has no weights", "with the weights"),
    "no tokenizer": (gguf(ARCHITECTURE), "m.gguf has no tokenizer", "convert it anew"),
    "cut off": (gguf(*LLAMA)[:-1], "m.gguf is truncated", "download or convert it anew"),
    "no GGUF": (b"PK\3\4", "m.gguf is not a GGUF file", "Model needs GGUF format"),
}


@pytest.mark.parametrize(("content", "words", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_no_server_could_run_is_refused_each_time(
    context: Context, tmp_path: Path, content: bytes, words: str, hint: str
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(Unusable) as caught:
            resolved(context, path)

        assert words in caught.value.message
        assert hint in caught.value.hint


def test_an_unchanged_file_is_not_read_again(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tiny_model(path)
    pinned = resolved(context, path)
    stamp = path.stat()
    path.write_bytes(b"x" * stamp.st_size)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    assert resolved(context, path) == pinned
    assert fetched(context, pinned.files[0][1]) == path


def test_what_a_file_says_of_itself_is_read_once(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tiny_model(path)
    [(_, blob)] = resolved(context, path).files
    stamp = path.stat()
    path.write_bytes(b"x" * stamp.st_size)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))

    found = load("gguf", context).examine(blob)
    assert found is not None
    assert (found.architecture, found.holds) == ("llama", "model")
    os.utime(path, ns=(0, 0))
    assert load("gguf", context).examine(blob) is None


def test_a_change_of_time_or_size_is_noticed(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tiny_model(path)
    before = resolved(context, path)
    digest = tiny_model(path, seed=1)
    assert path.stat().st_size == before.size

    assert resolved(context, path).files[0][1].digest == digest != before.files[0][1].digest
    with pytest.raises(Unusable, match="has changed since the plan was made"):
        fetched(context, before.files[0][1])


def test_a_file_that_was_only_touched_is_still_the_one_that_was_planned(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tiny_model(path)
    [(_, blob)] = resolved(context, path).files
    os.utime(path, ns=(0, 0))

    assert fetched(context, blob) == path


def test_a_file_that_is_written_while_it_is_read_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tiny_model(path)
    [(_, blob)] = resolved(context, path).files
    os.utime(path, ns=(0, 0))

    with pytest.raises(Unusable, match="changed while it was read"):
        brought(load("gguf", context), blob, lambda *_: path.write_bytes(b"more"))


def test_a_file_that_is_gone_is_not_found(context: Context, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        resolved(context, tmp_path / "none.gguf")


def test_a_folder_and_a_pipe_are_no_files(context: Context, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Unusable, match="is not a file"):
            resolved(context, path)


def test_a_pin_that_does_not_fit_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    digest = tiny_model(path)
    assert resolved(context, path, sha256=str(digest).upper().replace("SHA256", "sha256")).size == path.stat().st_size

    with pytest.raises(ResolutionError) as caught:
        resolved(context, path, sha256="0" * 64)

    assert digest.hex in caught.value.message
    assert "0" * 64 in caught.value.message


def test_what_is_the_users_own_is_never_deleted(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    digest = tiny_model(path)

    load("gguf", context).release(resolved(context, path).files[0][1])

    assert Digest.of(path.read_bytes()) == digest


def test_what_is_locked_stays_what_it_was_and_is_offered_while_the_file_is_that(
    context: Context, tmp_path: Path
) -> None:
    path = tmp_path / "m.gguf"
    digest = tiny_model(path)
    before, source = resolved(context, path), load("gguf", context)
    tiny_model(path, seed=1)

    then = source.restore(ref("gguf", path=str(path)), before.pin)

    assert then == before
    assert (then.identity, then.follows) == ((str(digest),), False)
    assert not source.offers(then.files[0][1])
    tiny_model(path)
    assert source.offers(then.files[0][1])
    path.write_bytes(b"no GGUF")
    assert not source.offers(then.files[0][1])


def test_a_lock_that_the_manifest_contradicts_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    tiny_model(path)
    pin, source = resolved(context, path).pin, load("gguf", context)
    with pytest.raises(Unusable, match="the manifest pins") as caught:
        source.restore(ref("gguf", path=str(path), sha256="0" * 64), pin)
    assert caught.value.hint
