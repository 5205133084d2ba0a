"""A file that only whoever asks the same question can have written, and that nobody else can make us believe.

What is remembered says to which addresses secrets of the environment are sent, and the cache folder may come from
elsewhere: a CI restores it from what a pull request has left. So each file bears a keyed digest of its content, and
its key is made of the question: of the environment too, whose secrets a stranger does not know.
"""

import hashlib
import os

_SEAL = 32  # bytes
_KEPT = 64  # files; the oldest go


class Sealed:
    """The file in a folder that belongs to a question."""

    def __init__(self, folder: str, question: bytes) -> None:
        self._folder = folder
        self._path = f"{folder}/{hashlib.sha256(b'name' + question).hexdigest()}.sealed"
        self._key = hashlib.sha256(b"seal" + question).digest()

    def read(self) -> bytes:
        """Return what was written; raises OSError, and ValueError where it is not as we wrote it."""
        with open(self._path, "rb") as file:
            seal, content = file.read(_SEAL), file.read()
        if seal != self._seal(content):
            raise ValueError("not written by us")
        return content

    def write(self, content: bytes) -> None:
        """Write it whole or not at all, for nobody else to read, and delete what is old; raises OSError."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        beside = f"{self._path}.{os.getpid()}"
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._seal(content) + content)
        os.replace(beside, self._path)
        with os.scandir(self._folder) as entries:
            ages = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        for _, old in ages[:-_KEPT]:
            os.unlink(old)

    def _seal(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, key=self._key, digest_size=_SEAL).digest()
