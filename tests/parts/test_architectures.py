"""The table of architectures against the real server that it speaks of, read in its files."""

import re
from pathlib import Path

import pytest

from reconciler.core.abilities import TRIED
from reconciler.core.architectures import FIRST, IN_LLAMA_CPP, IN_OLLAMA, IN_PATCHES, LATER
from reconciler.transport import Http
from tests.parts.missing import without
from tests.parts.ollama import RealOllama, find_server

pytestmark = [pytest.mark.ollama]

_END = b"(unknown)"  # of llama.cpp's table of names


@pytest.fixture(scope="module")
def library(ollama: RealOllama) -> bytes:
    """Give the content of the library in which the table is."""
    files = find_server()
    assert files is not None
    version = Http(stall_timeout=5).request("GET", f"{ollama.url}/api/version").json()
    if version != {"version": TRIED} or files.libraries is None:
        without(f"this server is not the build of {TRIED} that was read")
    return (files.libraries / "libllama.so").read_bytes()


def names(library: bytes) -> list[str]:
    """Return the names in llama.cpp's table, in the order of the file; linkers keep one that ends another only once."""
    end = library.index(_END)
    start = library.rindex(b"\0llama\0llama4\0", 0, end) + 1
    return library[start : end - 1].decode().split("\0")


def test_every_name_in_the_file_is_in_the_table(library: bytes) -> None:
    assert set(names(library)) <= IN_LLAMA_CPP


@pytest.mark.parametrize("architecture", sorted(IN_LLAMA_CPP))
def test_each_name_of_the_table_is_in_the_file(library: bytes, architecture: str) -> None:
    assert architecture in names(library) or f"{architecture}\0".encode() in library


@pytest.mark.parametrize("architecture", sorted({*IN_PATCHES, *FIRST, *LATER}))
def test_what_the_table_calls_later_is_not_in_the_file(library: bytes, architecture: str) -> None:
    assert architecture not in names(library)


def test_the_models_of_its_own_engine_are_known(library: bytes) -> None:
    files = find_server()
    assert files is not None
    found = re.findall(rb"ollama/model/models/(\w+)\.New\b", Path(files.binary).read_bytes())
    assert {name.decode() for name in found} - IN_LLAMA_CPP == IN_OLLAMA
