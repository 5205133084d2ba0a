"""Whatever was applied to a real server, what is exported of it is in sync, and declares the same content anew."""

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.e2e.specs import Entry, manifests, put_files, sites, text_of

pytestmark = pytest.mark.ollama

_LORA = {"adapter": {"gguf": "./lora.gguf"}}
TAKEN_AWAY = (  # the stops of a base with two adapters, which nothing but a build on it can have
    Entry("base", "plain.gguf", {}),
    Entry("one", "base", _LORA),
    Entry("two", "one", {**_LORA, "parameters": {"stop": ["7"]}}),
    Entry("three", "two", {"parameters": {"num_ctx": 1, "stop": []}}),
)


@settings(
    max_examples=15, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(site=sites())
@example(site=TAKEN_AWAY)
def test_any_mixture_is_exported_so_that_it_is_in_sync(reconciler, tmp_path_factory, unique, hands, refusals, site):
    folder = tmp_path_factory.mktemp("site")
    put_files(folder)
    (folder / "site.yaml").write_text(text_of(manifests(site, unique)))
    assert reconciler("--registry", f"sqlite:///{folder}/one.db", "apply", "--auto-approve", folder).status == 0
    names = [name for name in hands.listed() if name.startswith(f"{unique}-")]
    try:
        done = reconciler("export", "--out", folder / "out", *names)
        refusals.clear()
        records = ("--registry", f"sqlite:///{folder}/two.db")
        told = (folder / "out" / "models.yaml").read_text()
        assert (done.status, "not declared" in done.err) == (0, False), told
        assert told.count("kind: FineTune") >= len(site) - 1 - told.count("blob:")
        assert reconciler(*records, "adopt", "--manifests", folder / "out").status == 0
        planned = reconciler(*records, "plan", "--detailed-exitcode", folder / "out")
        assert planned.status == 0, planned.out + told
    finally:
        hands.delete(*names)
