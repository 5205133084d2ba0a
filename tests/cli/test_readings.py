"""How often an apply reads the list of a host's models, which is long where many are: no oftener than it must."""

from tests.manifests import model, tune, write

BUILDS = 8


def _readings(calls: list[str]) -> int:
    return calls.count("tags")


def test_a_build_is_worth_two(reconciler, folder, host):
    """One before the real name is written, and one that proves what was; a slow machine may need one or two more."""
    model(folder)
    for number in range(BUILDS):
        tune(folder, f"bot{number}", "tiny", f"system: You are {number}.")
    assert reconciler("apply", "--auto-approve").status == 0
    planned, begun, each = 1, 1, 2
    assert planned + begun + each * (BUILDS + 1) <= _readings(host.calls()) < 2 * each * BUILDS


def test_who_comes_to_a_server_after_others_looks_for_himself(reconciler, folder, host):
    """Two names for one server: what the second one knew is from before the first one's turn."""
    model(folder, more="hosts: {matchLabels: {is: first}}")
    tune(folder, "bot", "tiny", "system: Hi.\nhosts: {matchLabels: {is: second}}")
    for name in ("first", "second"):
        metadata = f"{{name: {name}, labels: {{is: {name}}}}}"
        write(folder, name, f"kind: Host\nmetadata: {metadata}\nspec: {{url: '{host.url}'}}\n")
    reconciler("apply", "--auto-approve")
    assert reconciler("apply", "--auto-approve").status == 0
    (folder / "bot.yaml").unlink()
    model(folder, seed=1, more="hosts: {matchLabels: {is: first}}")
    tune(folder, "bot", "tiny", "system: Ho.\nhosts: {matchLabels: {is: second}}")
    host.seen.clear()
    result = reconciler("apply", "--auto-approve")
    assert (result.status, "its base tiny:latest is" in result.err + result.out) == (4, True), result.err + result.out
