"""A host that takes connections and says nothing: quick to be told, and patience only for what is work."""

import time
from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.errors import HostTimeout
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.hosts.wire import Wire
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama

READS = {
    "version": lambda host: host.version(),
    "tags": lambda host: host.models(),
    "show": lambda host: host.show(ModelName.parse("m")),
    "ps": lambda host: host.loaded(),
    "has_blob": lambda host: host.has_blob(Digest.of(b"x")),
}


@pytest.mark.parametrize("call", READS)
def test_a_host_that_hangs_is_given_up_soon_and_told(call):
    with FakeOllama() as fake:
        host = OllamaHost(HostName("a"), fake.url, Http())
        host._wire = replace(host._wire, quick=1.0)
        fake.fail(call, times=9, stall=30)
        began = time.monotonic()
        with pytest.raises(HostTimeout) as caught:
            READS[call](host)
    assert time.monotonic() - began < 3
    assert "is it hung" in caught.value.hint


def test_it_is_given_up_after_20_seconds_in_all_and_a_delete_is_given_more():
    assert Wire(Http(), "http://a", {}, "", 1.0).quick == 20.0
    with FakeOllama() as fake:
        host = OllamaHost(HostName("a"), fake.url, Http())
        host._wire = replace(host._wire, quick=0.2)
        fake.fail("copy", stall=0.6)
        with pytest.raises(Exception, match="not found"):
            host.copy(ModelName.parse("m"), ModelName.parse("n"))
