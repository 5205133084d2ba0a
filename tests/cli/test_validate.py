"""`validate`: everything that is wrong at once, and nothing contacted."""

from tests.manifests import model, tune, write


def test_good_manifests_are_counted(reconciler, folder):
    model(folder)
    tune(folder, "bot", "tiny")
    result = reconciler("validate")
    assert (result.status, result.out, result.err) == (0, "Valid: 2 models for 1 host.\n", "")


def test_every_finding_comes_at_once_with_its_place_and_a_hint(reconciler, folder):
    write(
        folder, "a", "kind: Model\nmetadata: {name: m}\nspec:\n  source: {ollama: x}\n  parametres: {}\n  protect: 1\n"
    )
    write(folder, "b", "kind: Pod\n")
    result = reconciler("validate")
    assert (result.status, result.out) == (1, "")
    assert "manifests/a.yaml:6:3: error: unknown key 'parametres'" in result.err
    assert "did you mean 'parameters'?" in result.err
    assert "manifests/a.yaml:7:12: error:" in result.err
    assert "manifests/b.yaml:2:7: error:" in result.err
    assert "Traceback" not in result.err


def test_a_base_that_is_not_declared_is_a_warning_and_no_error(reconciler, folder):
    tune(folder, "bot", "elsewhere")
    result = reconciler("validate")
    assert result.status == 0
    assert "warning" in result.err


def test_nothing_to_read_is_an_error_and_not_an_empty_success(reconciler, folder):
    result = reconciler("validate")
    assert result.status == 1
    assert result.err


def test_a_running_host_is_not_asked(reconciler, folder, host):
    model(folder)
    assert reconciler("validate").status == 0
    assert host.seen == []
