"""What the tests of sources share: a context in a temporary folder, and the two fake hubs."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.steps import Blob
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
from tests.fakes.hf_server import HubServer
from tests.fakes.oci_server import OciServer
from tests.sources.cases import CASES, Case
from tests.sources.downloads import CONTENT, FILE, REPO
from tests.sources.references import ref


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest, context: Context, tmp_path: Path) -> Iterator[Case]:
    with closing(CASES[request.param](context, tmp_path)) as made:  # type: ignore[type-var]
        yield next(made)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with HubServer(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def oci() -> Iterator[OciServer]:
    with OciServer() as server:
        yield server


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(Http(stall_timeout=5), FileCache(tmp_path / "answers"), tmp_path / "downloads", {})


@pytest.fixture
def hub_context(context: Context, hub: HubServer) -> Context:
    return replace(context, environ={"HF_ENDPOINT": hub.url})


@pytest.fixture
def blob(hub: HubServer, hub_context: Context) -> Blob:
    hub.commit(REPO, {FILE: CONTENT})
    [(name, found)] = load("huggingface", hub_context).resolve(ref("huggingface", repo=REPO)).files
    assert name == "tiny-Q4_0.gguf"
    return found
