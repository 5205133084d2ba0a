"""A file that was imported is not read again: its size, time and inode say that it is the same."""

import os
from pathlib import Path

from tests.fakes.ollama_server import FakeOllama
from tests.manifests import model, write


def _blind(file: Path) -> None:
    """Replace every byte of a file, so that whoever reads it again can't find what it was; its stat stays the same."""
    before = file.stat()
    with file.open("r+b") as there:
        there.write(bytes(before.st_size))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)


def test_the_same_again_and_under_another_name_reads_no_byte_of_it(folder, reconciler, host: FakeOllama) -> None:
    model(folder, "first")
    assert reconciler("apply", "--auto-approve").status == 0
    [weights] = [name for name, content in host.store.blobs.items() if content.startswith(b"GGUF")]
    _blind(folder / "first.gguf")
    sent = host.calls().count("upload")

    assert reconciler("plan", "--detailed-exitcode").status == 0
    write(
        folder, "second", "kind: Model\nmetadata: {name: second}\nspec: {source: {gguf: ./first.gguf}, system: Hi.}\n"
    )
    done = reconciler("apply", "--auto-approve")

    assert done.status == 0, done
    assert host.calls().count("upload") == sent
    assert weights.removeprefix("sha256:") in str(host.store.show("second"))
