"""The contract of `install`, held by a real server and by the fake ones: exactly the locked manifest, or nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.steps import Create, Pull, is_staging
from reconciler.errors import HostError, HostRejected, Interrupted
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.ports import Progress
from tests.hosts.conftest import File, Named, make, quiet
from tests.hosts.locked import LockedModel, locked

Files = dict[str, File]


@pytest.fixture
def host(host: OllamaHost) -> OllamaHost:
    """Give the host under test, which can reach us on loopback."""
    return replace(host, callback="127.0.0.1")


@pytest.fixture
def model(host: OllamaHost, files: Files, tmp_path: Path, unique: str) -> LockedModel:
    """Give a locked model, its layers on the host."""
    made = locked(tmp_path, files["model"], f"be {unique}")
    made.bring(host)
    return made


def digests(host: OllamaHost) -> dict[ModelName, Digest]:
    return {live.address.model: live.digest for live in host.models()}


def untold(name: ModelName) -> None:
    """Take an announcement that the test does not look at."""


def nothing_temporary(host: OllamaHost) -> bool:
    return not any(is_staging(name) for name in digests(host))


def test_model_has_the_digest_of_the_locked_manifest_and_its_content(
    host: OllamaHost, model: LockedModel, files: Files, named: Named, unique: str
) -> None:
    host.install(model.step(named("m")), untold, quiet)
    assert digests(host)[named("m")] == model.pull.manifest
    shown = dict(host.show(named("m")))
    assert (shown["weights"], shown["system"]) == (str(files["model"].digest), f"be {unique}")
    assert nothing_temporary(host)


def test_manifest_that_an_old_host_writes_anew_has_its_other_foretold_digest(
    host: OllamaHost, files: Files, tmp_path: Path, named: Named
) -> None:
    model = locked(tmp_path, files["model"], "be <brief> & kind", pretty=True)
    model.bring(host)
    host.install(model.step(named("m")), untold, quiet)
    raw, rewritten = model.pull.foretold
    old = tuple(map(int, host.version().split("-")[0].split("."))) < (0, 19)
    assert digests(host)[named("m")] == (rewritten if old else raw)


def test_temporary_name_is_announced_before_the_host_learns_it_and_then_deleted(
    host: OllamaHost, model: LockedModel, named: Named
) -> None:
    announced: list[tuple[ModelName, bool]] = []
    host.install(model.step(named("m")), lambda name: announced.append((name, name in digests(host))), quiet)
    ((name, known),) = announced
    assert is_staging(name)
    assert not known
    assert nothing_temporary(host)


def test_old_model_stays_until_the_new_one_is_there_whole(
    host: OllamaHost, model: LockedModel, files: Files, named: Named
) -> None:
    make(host, named("m"), files["other"])
    before = digests(host)[named("m")]
    seen: set[Digest] = set()
    host.install(model.step(named("m")), untold, lambda *_: seen.add(digests(host)[named("m")]))
    assert seen == {before}
    assert digests(host)[named("m")] == model.pull.manifest


def test_installing_again_and_something_else_over_it_is_fine(
    host: OllamaHost, model: LockedModel, files: Files, named: Named, tmp_path: Path
) -> None:
    other = locked(tmp_path, files["other"], "be another")
    other.bring(host)
    for each in (model, model, other):
        host.install(each.step(named("m")), untold, quiet)
        assert digests(host)[named("m")] == each.pull.manifest
    assert nothing_temporary(host)


def test_name_in_upper_case_goes_over_the_same_name_in_lower_case(
    host: OllamaHost, model: LockedModel, files: Files, base: ModelName
) -> None:
    loud = ModelName.parse(str(base).upper())
    host.install(model.step(loud), untold, quiet)
    assert [live.digest for live in host.models() if live.address.model == base] == [model.pull.manifest]


def test_installed_model_can_be_built_on(host: OllamaHost, model: LockedModel, named: Named) -> None:
    host.install(model.step(named("m")), untold, quiet)
    host.create(Create(named("tuned"), base=named("m"), system="another"), quiet)
    assert dict(host.show(named("tuned")))["system"] == "another"
    assert digests(host)[named("m")] == model.pull.manifest


def serving(model: LockedModel, body: bytes) -> LockedModel:
    """Return the same model, with something else in the place of its manifest."""
    return replace(model, pull=replace(model.pull, body=body))


def failing(host: OllamaHost, model: LockedModel, base: ModelName, progress: Progress = quiet) -> HostError:
    """Install over a model that is there; returns the error, once it is clear that the host is as it was."""
    before = digests(host)
    with pytest.raises(HostError) as caught:
        host.install(model.step(base), untold, progress)
    assert digests(host) == before
    return caught.value


def test_bytes_that_were_not_foretold_are_refused(host: OllamaHost, model: LockedModel, base: ModelName) -> None:
    wrong = replace(
        model, pull=replace(model.pull, body=model.pull.body.replace(b'"schemaVersion":2', b'"schemaVersion":3'))
    )
    error = failing(host, wrong, base)
    assert f"pulled {model.pull.manifest.short} from us, and lists it as" in error.message


def test_what_the_host_refuses_for_another_reason_is_told_in_its_words(
    host: OllamaHost, model: LockedModel, base: ModelName
) -> None:
    error = failing(host, serving(model, b"<html>"), base)
    assert isinstance(error, HostRejected)
    assert error.message == "pull model manifest: invalid character '<' looking for beginning of value"


def test_layer_that_is_not_on_the_host_is_told_as_that(
    host: OllamaHost, files: Files, base: ModelName, tmp_path: Path, unique: str
) -> None:
    error = failing(host, locked(tmp_path, files["model"], f"never brought {unique}"), base)
    assert error.message == "a layer is missing on the host: file does not exist"
    assert "restarted" in error.hint
    assert error.where == host.url


class Elsewhere(OllamaHost):
    """A host for which our address means something else, as in a container: nothing listens there."""

    def pull(self, step: Pull, progress: Progress) -> None:
        super().pull(replace(step, name=replace(step.name, hub="127.0.0.1:9")), progress)


def test_host_that_can_not_reach_us_is_told_as_that(host: OllamaHost, model: LockedModel, base: ModelName) -> None:
    away = Elsewhere(host.name, host.url, host.http, callback="127.0.0.1")
    error = failing(away, model, base)
    assert "the host could not reach us at 127.0.0.1:" in error.message
    assert "connection refused" in error.message
    assert "--listen" in error.hint


def test_host_without_a_way_to_us_is_not_asked(host: OllamaHost, model: LockedModel, base: ModelName) -> None:
    error = failing(replace(host, callback=""), model, base)
    assert "--listen" in error.hint


def test_address_that_is_not_ours_is_told_as_that(host: OllamaHost, model: LockedModel, base: ModelName) -> None:
    error = failing(replace(host, callback="192.0.2.1:4000"), model, base)
    assert error.message == "we can't listen at 192.0.2.1:4000: cannot assign requested address"


def test_install_that_is_interrupted_leaves_nothing(host: OllamaHost, model: LockedModel, base: ModelName) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        raise Interrupted("enough")

    before = digests(host)
    with pytest.raises(Interrupted):
        host.install(model.step(base), untold, stop)
    assert digests(host) == before


def test_nothing_is_asked_of_the_host_if_the_name_can_not_be_announced(
    host: OllamaHost, model: LockedModel, base: ModelName
) -> None:
    def broken(name: ModelName) -> None:
        raise Interrupted("no journal")

    before = digests(host)
    with pytest.raises(Interrupted, match="no journal"):
        host.install(model.step(base), broken, lambda *_: pytest.fail("it was asked"))
    assert digests(host) == before
