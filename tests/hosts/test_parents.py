"""What a server says a model was built on: the same on a real one and on the fake."""

from reconciler.core.steps import Create
from reconciler.hosts.ollama_host import OllamaHost
from tests.hosts.conftest import quiet


def test_a_build_names_its_base_and_a_file_names_none(host: OllamaHost, base, named) -> None:
    host.create(Create(named("bot"), base=base, system="Be brief."), quiet)
    host.copy(named("bot"), named("copy"))
    assert host.show_with_parent(named("bot")) == (host.show(named("bot")), base)
    assert host.show_with_parent(named("copy"))[1] == base
    assert host.show_with_parent(base)[1] is None
