"""The contract of the Host port, held by a real server and by the fake one."""

import re
from datetime import UTC, datetime

import ollama
import pytest

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Fact
from reconciler.core.names import Address, ModelName
from reconciler.core.state import Live
from reconciler.core.steps import Create, Pull, staging_name
from reconciler.errors import HostRejected
from reconciler.hosts.ollama_host import OllamaHost
from tests.hosts.conftest import File, Named, make, quiet

Files = dict[str, File]


def entry(host: OllamaHost, name: ModelName) -> Live:
    return next(live for live in host.models() if live.address.model == name)


def names(host: OllamaHost) -> set[ModelName]:
    return {live.address.model for live in host.models()}


def shown(host: OllamaHost, name: ModelName) -> dict[str, Fact]:
    return dict(host.show(name))


def test_the_time_of_day_is_that_of_the_server(host: OllamaHost) -> None:
    apart = datetime.fromisoformat(host.now()) - datetime.now(UTC)
    assert host.now().endswith("Z")
    assert abs(apart.total_seconds()) < 60


def test_version_is_three_numbers(host: OllamaHost) -> None:
    assert re.match(r"\d+\.\d+\.\d+", host.version())


def test_models_are_listed_with_address_digest_and_size_in_order(host: OllamaHost, files: Files, named: Named) -> None:
    make(host, named("b"), files["model"])
    make(host, named("a"), files["other"])
    listed = host.models()
    assert [live.address for live in listed] == sorted(live.address for live in listed)
    one, two = entry(host, named("a")), entry(host, named("b"))
    assert one.address == Address(host.name, named("a"))
    assert one.digest != two.digest
    assert one.size > files["other"].path.stat().st_size
    assert one.facts is None


def test_same_content_under_two_names_has_one_digest(host: OllamaHost, files: Files, named: Named) -> None:
    make(host, named("one"), files["model"])
    make(host, named("two"), files["model"])
    one, two = entry(host, named("one")), entry(host, named("two"))
    assert one.digest == two.digest


def test_model_from_a_file_shows_its_weights(host: OllamaHost, files: Files, base: ModelName) -> None:
    assert shown(host, base) == {"weights": str(files["model"].digest), "template": "{{ .Prompt }}"}


def test_projector_and_adapter_are_told_from_weights(host: OllamaHost, files: Files, named: Named) -> None:
    for file in files.values():
        host.upload(file.digest, Arrival.of(file.path), quiet)
    both = (("model.gguf", files["model"].digest), ("mmproj.gguf", files["projector"].digest))
    host.create(Create(named("eyes"), files=both), quiet)
    host.create(
        Create(named("lora"), base=named("eyes"), adapters=(("lora.gguf", files["adapter"].digest),)),
        quiet,
    )
    expected = {"weights": str(files["model"].digest), "projectors": (str(files["projector"].digest),)}
    assert shown(host, named("eyes")).items() >= expected.items()
    assert "adapters" not in shown(host, named("eyes"))
    expected["adapters"] = (str(files["adapter"].digest),)
    assert shown(host, named("lora")).items() >= expected.items()


def test_order_of_files_does_not_change_the_model(host: OllamaHost, files: Files, named: Named) -> None:
    digests = set()
    for file in (files["model"], files["projector"]):
        host.upload(file.digest, Arrival.of(file.path), quiet)
    for _ in range(6):
        both = (("model.gguf", files["model"].digest), ("mmproj.gguf", files["projector"].digest))
        host.create(Create(named("eyes"), files=both), quiet)
        digests.add(entry(host, named("eyes")).digest)
    assert len(digests) == 1


def test_everything_laid_over_a_base_is_shown(host: OllamaHost, files: Files, base: ModelName, named: Named) -> None:
    step = Create(
        named("tuned"),
        base=base,
        template="{{ .System }}\n{{ .Prompt }}",
        system="FROM /not/a/file\nADAPTER neither",
        parameters=(("num_ctx", 4096), ("stop", ("<|end|>",)), ("temperature", 0.5)),
        messages=(("user", "2+2="), ("assistant", "4")),
        license=("MIT", "and\nmore"),
    )
    host.create(step, quiet)
    assert shown(host, named("tuned")) == {
        "license": "MIT\nand\nmore",
        "messages": step.messages,
        "parameters.num_ctx": 4096,
        "parameters.stop": ("<|end|>",),
        "parameters.temperature": 0.5,
        "system": step.system,
        "template": step.template,
        "weights": str(files["model"].digest),
    }


def test_building_again_from_the_base_changes_nothing(host: OllamaHost, base: ModelName, named: Named) -> None:
    found = []
    for _ in range(2):
        host.create(Create(named("tuned"), base=base, license=("MIT",), system="x"), quiet)
        found.append((entry(host, named("tuned")), host.show(named("tuned"))))
    assert found[0] == found[1]


def test_quantising_gives_other_weights(host: OllamaHost, files: Files, named: Named) -> None:
    host.upload(files["model"].digest, Arrival.of(files["model"].path), quiet)
    seen: list[tuple[str, int, int]] = []
    step = Create(named("q8"), files=(("model.gguf", files["model"].digest),), quantize="q8_0")
    host.create(step, lambda *now: seen.append(now))
    assert shown(host, named("q8"))["weights"] != str(files["model"].digest)
    assert max(total for phase, _, total in seen if phase.startswith("quantizing")) > 0


def test_base_that_is_not_there_is_refused_and_nothing_is_written(
    host: OllamaHost, files: Files, base: ModelName, named: Named
) -> None:
    before = host.models()
    for target in (base, named("new")):
        with pytest.raises(HostRejected, match="is not on the host") as caught:
            host.create(Create(target, base=named("nowhere"), system="x"), quiet)
        assert caught.value.status == 404
    assert host.models() == before
    assert shown(host, base)["weights"] == str(files["model"].digest)


def test_file_that_was_not_uploaded_is_refused_and_the_model_stays(
    host: OllamaHost, base: ModelName, unique: str
) -> None:
    before = entry(host, base)
    step = Create(base, files=(("model.gguf", Digest.of(unique.encode())),))
    with pytest.raises(HostRejected, match="no such file") as caught:
        host.create(step, quiet)
    assert caught.value.hint
    assert entry(host, base) == before


@pytest.mark.parametrize("over", ["base", "files"])
def test_bad_template_is_refused_and_the_model_stays(
    host: OllamaHost, files: Files, base: ModelName, over: str
) -> None:
    before = entry(host, base)
    start = {"base": base} if over == "base" else {"files": (("model.gguf", files["model"].digest),)}
    with pytest.raises(HostRejected, match="template error"):
        host.create(Create(base, template="{{ .Prompt", **start), quiet)  # type: ignore[arg-type]
    assert entry(host, base) == before


def test_names_are_one_whatever_their_case(host: OllamaHost, files: Files, base: ModelName, unique: str) -> None:
    loud = ModelName.parse(f"{unique}-BASE:LATEST".upper())
    assert loud == base
    make(host, loud, files["other"])
    assert [str(live.address.model) for live in host.models() if live.address.model == base] == [str(base)]
    assert shown(host, loud)["weights"] == str(files["other"].digest)
    host.create(Create(ModelName.parse(f"{unique}-child"), base=loud, system="x"), quiet)
    host.delete(loud)
    assert base not in names(host)


def test_show_of_nothing_is_a_404(host: OllamaHost, named: Named) -> None:
    with pytest.raises(HostRejected, match="not found") as caught:
        host.show(named("nothing"))
    assert caught.value.status == 404
    assert caught.value.where == host.url


def test_copy_goes_over_what_had_the_name(host: OllamaHost, files: Files, base: ModelName, named: Named) -> None:
    make(host, named("target"), files["other"])
    host.copy(base, named("target"))
    one, two = entry(host, base), entry(host, named("target"))
    assert one.digest == two.digest
    assert host.show(named("target")) == host.show(base)


def test_copy_of_nothing_is_refused(host: OllamaHost, named: Named) -> None:
    with pytest.raises(HostRejected, match="not found"):
        host.copy(named("nothing"), named("target"))


def test_delete_and_delete_again(host: OllamaHost, base: ModelName) -> None:
    for _ in range(2):
        host.delete(base)
        assert base not in names(host)


def test_delete_keeps_what_another_model_uses(host: OllamaHost, base: ModelName, named: Named, files: Files) -> None:
    host.copy(base, named("copy"))
    host.delete(base)
    assert shown(host, named("copy"))["weights"] == str(files["model"].digest)


def test_build_under_a_staging_name_replaces_the_old_model_at_the_end(
    host: OllamaHost, files: Files, base: ModelName, named: Named, unique: str
) -> None:
    staging = staging_name(unique)
    make(host, named("real"), files["other"])
    old = entry(host, named("real"))
    host.create(Create(staging, base=base, system="new"), quiet)
    assert entry(host, named("real")) == old
    built = entry(host, staging)
    host.copy(staging, named("real"))
    host.delete(staging)
    new = entry(host, named("real"))
    assert new.digest == built.digest
    assert shown(host, named("real"))["system"] == "new"
    assert staging not in names(host)


def test_pull_from_a_hub_that_is_not_there_is_refused(host: OllamaHost, unique: str) -> None:
    name = ModelName.parse(f"127.0.0.1:9/library/{unique}:v1")
    with pytest.raises(HostRejected, match="connection refused") as caught:
        host.pull(Pull(name, insecure=True, manifest=Digest.of(b""), layers=()), quiet)
    assert caught.value.hint == "the host itself cannot reach the hub"
    assert name not in names(host)


def test_official_client_reads_what_we_made(host: OllamaHost, base: ModelName, named: Named) -> None:
    host.create(Create(named("tuned"), base=base, parameters=(("num_ctx", 4096),), template="T {{ .Prompt }}"), quiet)
    with ollama.Client(host=host.url) as client:
        digests = {model.model: model.digest for model in client.list().models}
        answer = client.show(str(named("tuned")))
    assert digests[str(named("tuned"))] == entry(host, named("tuned")).digest.hex
    assert answer.template == "T {{ .Prompt }}"
    assert (answer.parameters or "").split() == ["num_ctx", "4096"]
