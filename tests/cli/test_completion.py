"""Completion in real shells: what they offer, for names with colons too, without asking a host or saying a word."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli import COMMANDS, run
from tests.conftest import REPOSITORY
from tests.manifests import host as declare_host
from tests.manifests import model, tune
from tests.parts.missing import without
from tests.parts.shells import Typing, environment, find, zsh_settings


@pytest.fixture
def yard(folder: Path, host, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with manifests, and have `reconciler` on the PATH; no host may be asked."""
    model(folder, "smollm2:135m")
    model(folder, "smollm2:360m", seed=1)
    tune(folder, "bot", "smollm2:135m")
    program = folder.parent / "bin" / "reconciler"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{REPOSITORY}" exec "{sys.executable}" -m reconciler "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    yield folder.parent
    assert host.seen == []


def shell(name: str) -> str:
    """Return the path of a shell, or skip."""
    return find(name) or without(f"no {name}, neither installed nor in .parts/shells")


@pytest.fixture
def offered(yard: Path, capsys, monkeypatch) -> Callable[[str], list[str]]:
    """Return a function that gives what is offered after a line, `file` where that is left to the shell."""
    monkeypatch.setenv("_RECONCILER_COMPLETE", "bash_complete")

    def asked(line: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", line)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run([])
        told = capsys.readouterr()
        assert (ended.value.code, told.err) == (0, "")
        return [value if kind == "plain" else kind for kind, _, value in map(split, told.out.split())]

    return asked


def split(item: str) -> tuple[str, str, str]:
    return item.partition(",")


OFFERS = [
    ("st", ["status"]),
    ("registry ", ["history", "list", "show"]),
    ("--log-format ", ["text", "json"]),
    ("validate --f", ["--format"]),
    ("validate ma", ["file"]),
    ("plan --target ", ["bot:latest", "smollm2:135m", "smollm2:360m"]),
    ("plan --target bot:latest --target ", ["smollm2:135m", "smollm2:360m"]),
    ("plan --target SMOLLM2:1", ["smollm2:135m"]),
    ("plan --target=smollm2:3", ["smollm2:360m"]),
    ("diff smollm2:", ["smollm2:135m", "smollm2:360m"]),
    ("diff --manifests manifests/bot.yaml ", ["bot:latest"]),
    ("diff --manifests nowhere ", []),
    ("lock --upgrade b", ["bot:latest"]),
    ("lock m", ["file"]),
    ("check ./m", ["file"]),
    ("export --modelfile b", ["bot:latest"]),
    ("plan --host ", ["default"]),
    ("export --host d", ["default"]),
    ("forget ", []),
    ("--registry postgresql://nobody@127.0.0.1:9/x forget ", []),
    ("--registry sqlite://relative forget ", []),
    ("completion z", ["zsh"]),
]


@pytest.mark.parametrize(("line", "wanted"), OFFERS)
def test_what_fits_is_offered(offered, line, wanted):
    assert offered(f"reconciler {line}") == wanted


def test_every_command_is_offered_without_being_imported(offered):
    assert offered("reconciler ") == list(COMMANDS)


def test_hosts_and_records_are_offered(offered, yard, reconciler, host, monkeypatch):
    declare_host(yard / "manifests", "gpu-01", host.url)
    monkeypatch.delenv("_RECONCILER_COMPLETE")
    assert reconciler("apply", "--auto-approve", "--target", "smollm2:360m").status == 0
    monkeypatch.setenv("_RECONCILER_COMPLETE", "bash_complete")
    host.seen.clear()
    assert offered("reconciler plan --host g") == ["gpu-01"]
    for command in ("forget", "registry show", "registry history"):
        assert offered(f"reconciler {command} ") == ["smollm2:360m"]


def test_manifests_that_are_wrong_offer_nothing_and_say_nothing(offered, yard):
    (yard / "manifests" / "bot.yaml").write_text("kind: [\n")
    assert offered("reconciler diff ") == []
    assert offered("reconciler plan --host ") == ["default"]


LINES = [
    ("reconciler stat", "reconciler status "),
    ("reconciler diff bo", "reconciler diff bot:latest "),
    ("reconciler diff smollm2:3", "reconciler diff smollm2:360m "),
    ("reconciler diff smol", "reconciler diff smollm2:"),
    ("reconciler plan --target=smollm2:1", "reconciler plan --target=smollm2:135m "),
    ("reconciler validate mani", "reconciler validate manifests/"),
]


def test_a_line_in_bash_goes_on_as_it_should(yard):
    with Typing([shell("bash"), "--norc", "--noprofile", "-i"], environment(), yard) as bash:
        bash.run("PS1=; source <(reconciler completion bash); echo ready", "ready")
        assert [bash.completed(line) for line, _ in LINES] == [done for _, done in LINES]


def test_a_line_in_zsh_goes_on_as_it_should(yard):
    zsh = shell("zsh")
    (yard / ".zshenv").write_text(zsh_settings())
    (yard / ".zshrc").write_text("autoload -U compinit; compinit -D -u; bindkey -e; PS1=''; unsetopt prompt_cr\n")
    with Typing([zsh, "-d", "-i"], {**environment(), "ZDOTDIR": str(yard)}, yard) as typing:
        typing.run("source <(reconciler completion zsh); echo ready", "ready")
        # the slash goes once something else than a path follows
        assert [typing.completed(line).rstrip(" /") for line, _ in LINES] == [done.rstrip(" /") for _, done in LINES]


def test_fish_is_offered_what_fits(yard):
    script = "reconciler completion fish | source; complete --do-complete $argv[1]"

    def asked(line: str) -> list[str]:
        command = [shell("fish"), "--no-config", "-c", script, line]
        answer = subprocess.run(command, cwd=yard, env=environment(), capture_output=True, text=True, check=False)
        assert (answer.returncode, answer.stderr) == (0, "")
        return answer.stdout.splitlines()

    assert asked("reconciler diff sm") == ["smollm2:135m", "smollm2:360m"]
    assert asked("reconciler plan --target=b") == ["--target=bot:latest"]
    (found,) = asked("reconciler doct")
    assert found.startswith("doctor\tFind what is wrong with hosts, hubs, secrets")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_is_all_that_is_printed(reconciler, name):
    result = reconciler("completion", name)
    assert (result.status, result.err) == (0, "")
    assert "_RECONCILER_COMPLETE" in result.out


def test_a_shell_that_is_not_known_is_wrong_usage(reconciler):
    assert reconciler("completion", "csh").status == 64
