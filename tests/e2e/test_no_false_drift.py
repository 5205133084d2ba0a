"""Whatever is declared, a plan right after the apply is empty, and what the server holds is what was declared."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.commands import Result
from tests.e2e.hands import Hands, Stored
from tests.e2e.specs import ADAPTER, Entry, Site, manifests, put_files, sites, text_of

pytestmark = pytest.mark.ollama
SLOW_AND_SHARED = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)  # a real server, told apart by names
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)


class Bench:
    """A folder of manifests, run against one server; every site has names, manifests and records of its own."""

    def __init__(self, folder: Path, prefix: str, hands: Hands, reconciler: Callable[..., Result]) -> None:
        self.hands, self.folder, self._prefix, self._reconciler = hands, folder, prefix, reconciler
        self._numbers = count(1)
        self._manifest, self._records = folder, ""
        put_files(folder)

    @contextmanager
    def site(self, site: Site) -> Iterator[str]:
        """Declare a site, and give its prefix; its models are removed in the end."""
        prefix = f"{self._prefix}-{next(self._numbers)}"
        self.use(prefix)
        self.declare(text_of(manifests(site, prefix)))
        yield prefix
        self.hands.delete(*(name for name in self.hands.listed() if name.startswith(f"{prefix}-")))

    def use(self, prefix: str) -> None:
        """Work on the site of this prefix."""
        self._manifest = self.folder / f"{prefix}.yaml"
        self._records = f"sqlite://{self.folder.parent}/{prefix}.db"

    def lose_records(self) -> None:
        """Go on with an empty registry."""
        self._records = self._records.replace(".db", "-new.db")

    def declare(self, text: str) -> None:
        """Write the manifest of the site."""
        self._manifest.write_text(text)

    def run(self, command: str, *options: str) -> Result:
        """Run a command on the site."""
        return self._reconciler("--registry", self._records, command, *options, self._manifest)

    def apply(self) -> None:
        """Apply, which must succeed."""
        result = self.run("apply", "--auto-approve")
        assert result.status == 0, result.out + result.err

    def must_be_in_sync(self) -> None:
        """Check that a plan finds nothing to do."""
        result = self.run("plan", "--detailed-exitcode")
        assert (result.status, result.out[:11]) == (0, "No changes."), result.out


@pytest.fixture
def bench(folder, unique, hands, reconciler):
    return Bench(folder, unique, hands, reconciler)


@settings(max_examples=30, print_blob=True, suppress_health_check=SLOW_AND_SHARED)
@given(site=sites(), seed=st.integers(0, 2**32))
def test_what_was_applied_is_in_sync_however_it_is_spelled_and_is_what_was_declared(bench, site, seed):
    with bench.site(site) as prefix:
        bench.apply()
        before = bench.hands.listed()
        bench.must_be_in_sync()
        bench.declare(text_of(manifests(site, prefix), Random(seed)))
        bench.must_be_in_sync()
        bench.apply()
        assert bench.hands.listed() == before  # not even a time of change moved
        for entry, wanted in zip(site, _expected(site, bench.folder), strict=True):
            _must_hold(bench.hands, f"{prefix}-{entry.name}", wanted)


def test_what_is_written_the_long_way_or_moved_into_files_is_no_change(bench):
    template, examples = "{{ .System }}\r\n{{ .Prompt }}\n", [{"user": "hi\n", "assistant": "ho 😀"}]
    short = {"license": "MIT", "parameters": {"stop": "x", "seed": 7}, "template": template, "examples": examples}
    long = {"license": ["MIT"], "parameters": {"seed": 7.0, "stop": ["x"]}, "templateFile": "prompt.tmpl"}
    with bench.site((Entry("base", "plain.gguf", {}), Entry("one", "base", short))) as prefix:
        bench.apply()
        (bench.folder / "prompt.tmpl").write_bytes(template.encode())
        (bench.folder / "examples.jsonl").write_text(json.dumps({"output": "ho 😀", "input": "hi\n"}) + "\n\n")
        moved = {**long, "examplesFrom": ["*.jsonl"], "examplesIn": "messages"}
        model, tune = manifests((Entry("base", "plain.gguf", {}), Entry("one", "base", moved)), prefix)
        model["spec"]["source"] = {"gguf": {"path": "../manifests/plain.gguf"}}
        tune["spec"]["base"] = f"registry.ollama.ai/library/{prefix}-base:latest"
        bench.declare(text_of([tune, model]))
        bench.must_be_in_sync()


@settings(max_examples=2, print_blob=True, suppress_health_check=SLOW_AND_SHARED, phases=NO_SHRINKING)
@given(drawn=st.lists(sites(), min_size=5, max_size=5))
def test_a_restart_of_the_server_changes_nothing(bench, ollama, drawn):
    with ExitStack() as stack:
        kept = [stack.enter_context(bench.site(site)) for site in drawn]
        for prefix in kept:
            bench.use(prefix)
            bench.apply()
        before = bench.hands.listed()
        ollama.stop()
        ollama.start()
        for prefix in kept:
            bench.use(prefix)
            bench.must_be_in_sync()
        assert bench.hands.listed() == before


@settings(max_examples=10, print_blob=True, suppress_health_check=SLOW_AND_SHARED)
@given(site=sites())
def test_without_our_records_nothing_is_destroyed(bench, site):
    with bench.site(site):
        bench.apply()
        before, writes = bench.hands.listed(), bench.hands.writes()
        bench.lose_records()
        assert bench.run("apply", "--auto-approve").status in {0, 3, 4}  # recognised, or refused
        assert (bench.hands.listed(), bench.hands.writes()) == (before, writes)


def _expected(site: Site, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what each model of a site must hold: its own fields over its base's, licences and adapters after them."""
    made: dict[str, dict[str, Any]] = {}
    for entry in site:
        base = made.get(entry.on, {"parameters": {}, "license": [], "adapter": []})
        own = dict(_own(entry))
        merged = {
            "parameters": {**base["parameters"], **own["parameters"]},
            "license": base["license"] + own["license"],
            "adapter": base["adapter"] + [(folder / ADAPTER).read_bytes()] * ("adapter" in entry.spec),
        }
        weights = {"model": [(folder / entry.on).read_bytes()]} if entry.is_model else {}
        made[entry.name] = {**base, **own, **merged, **({} if "quantize" in entry.spec else weights)}
        yield made[entry.name]


def _own(entry: Entry) -> Iterator[tuple[str, Any]]:
    spec = dict(entry.spec)
    examples = spec.get("examples", [])
    if examples and spec.get("examplesIn") == "system":
        told = [f"User: {item['user']}\nAssistant: {item['assistant']}" for item in examples]
        yield "system", "\n\n".join([*([spec["system"]] if "system" in spec else []), "Examples:", *told])
    else:
        turns = [(role, item[role]) for item in examples for role in ("user", "assistant")]
        yield from [("messages", [{"role": role, "content": text} for role, text in turns])] if turns else []
        yield from [("system", spec["system"])] if "system" in spec else []
    yield from [("template", spec["template"])] if "template" in spec else []
    yield "license", [spec["license"]] if isinstance(spec.get("license"), str) else spec.get("license", [])
    yield "parameters", {name: _parameter(value) for name, value in spec.get("parameters", {}).items()}


def _parameter(value: Any) -> Any:
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, bool | list) else float(value)


def _must_hold(hands: Hands, name: str, wanted: dict[str, Any]) -> None:
    """Compare with what the server shows and, for numbers, with its disk: what it shows of them it has reformatted."""
    shown, stored = hands.show(name), hands.stored(name)
    assert stored.get("adapter", []) == wanted["adapter"]
    assert stored["model"] == wanted.get("model", stored["model"])
    for field in ("system", "template", "messages"):
        if field in wanted:
            assert shown[field] == wanted[field]
    assert shown.get("license", "") == "\n".join(wanted["license"])
    found = _stored_parameters(stored)
    assert {key: found.get(key) for key in wanted["parameters"]} == wanted["parameters"]


def _stored_parameters(stored: Stored) -> dict[str, Any]:
    (text,) = stored.get("params", [b"{}"])
    return {key: float(value) if type(value) is int else value for key, value in json.loads(text).items()}
