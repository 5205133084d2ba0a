"""Recipes for machines: systemd, cron, Kubernetes and pre-commit."""

import re
import shlex
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from reconciler.manifest.rules import IGNORED
from tests.conftest import REPOSITORY
from tests.parts.missing import program
from tests.recipes.conftest import RECIPES, Site

SERVICE, WATCH, TIMER = (
    RECIPES / "systemd" / name for name in ("reconciler.service", "reconciler-watch.service", "reconciler.timer")
)
CRON = RECIPES / "cron" / "reconciler"
CRONJOB = RECIPES / "kubernetes" / "cronjob.yaml"
OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all(CRONJOB.read_text(encoding="utf-8")))
HOOKS = REPOSITORY / ".pre-commit-hooks.yaml"
JOBS = [line for line in CRON.read_text(encoding="utf-8").splitlines() if re.match(r"[*\d]", line)]


def systemd_analyze(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [*program("systemd-analyze", "tools"), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def unit(path: Path) -> RawConfigParser:
    """Return a unit of systemd; a key that is there twice has its last value."""
    found = RawConfigParser(strict=False, delimiters=["="])
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(path, encoding="utf-8")
    return found


def test_systemd_finds_nothing_wrong_with_the_units(site: Site, tmp_path: Path) -> None:
    for path in (SERVICE, WATCH, TIMER):
        text = path.read_text(encoding="utf-8").replace(
            "/opt/reconciler/bin/reconciler", str(site.commands / "reconciler")
        )
        (tmp_path / path.name).write_text(text)
    units = [str(tmp_path / path.name) for path in (SERVICE, WATCH, TIMER)]
    done = systemd_analyze("verify", "--man=no", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    calendar = unit(TIMER)["Timer"]["OnCalendar"]
    assert systemd_analyze("calendar", calendar).returncode == 0


@pytest.mark.parametrize("service", [SERVICE, WATCH], ids=lambda path: path.stem)
def test_the_service_is_locked_up(service: Path) -> None:
    tenths = "--threshold=15"
    done = systemd_analyze("security", "--offline=true", tenths, "--no-pager", str(service))
    assert done.returncode == 0, done.stdout


def started(service: Path, site: Site, run: Path) -> list[str]:
    """Return what a unit starts, with the places of this test; the folder for its metrics is made."""
    run.mkdir()
    places = {
        "/opt/reconciler/bin": str(site.commands),
        "/run/reconciler": str(run),
        "/etc/reconciler": str(site.folder),
    }
    words = shlex.split(unit(service)["Service"]["ExecStart"])
    for old, new in places.items():
        words = [word.replace(old, new) for word in words]
    return words


@pytest.mark.ollama
def test_what_systemd_starts_works(site: Site, tmp_path: Path) -> None:
    run = tmp_path / "run"
    state = {"XDG_STATE_HOME": str(tmp_path / "lib"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert site.run(*started(SERVICE, site, run), **state).returncode == 0
    assert (tmp_path / "lib" / "reconciler" / "registry.db").is_file()
    assert "reconciler_last_success_timestamp_seconds" in (run / "reconciler.prom").read_text()


@pytest.mark.parametrize("line", JOBS)
def test_a_line_of_cron_is_one(line: str) -> None:
    *times, user, command = line.split(maxsplit=6)
    assert len(times) == 5
    assert all(re.fullmatch(r"(\*|\d+)(/\d+)?", time) for time in times)
    assert re.fullmatch(r"[a-z]+", user)
    assert "%" not in command  # cron ends a command there
    assert subprocess.run(["sh", "-n"], check=False, input=command, capture_output=True, text=True).stderr == ""


@pytest.mark.ollama
def test_cron_says_nothing_unless_something_failed(site: Site) -> None:
    assert CRON.read_text(encoding="utf-8").endswith("\n")
    apply, snapshot = (line.split(maxsplit=6)[6].replace("/etc/reconciler", str(site.folder)) for line in JOBS)
    for command in (apply, snapshot):
        done = site.run("sh", "-c", command)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (site.folder / "snapshot.json").is_file()
    failed = site.run("sh", "-c", apply, OLLAMA_HOST="127.0.0.1:9")
    assert "NOT OBSERVED" in failed.stdout
    failed = site.run("sh", "-c", snapshot, OLLAMA_HOST="127.0.0.1:9")
    assert "UNREACHABLE" in failed.stdout


@pytest.mark.parametrize("item", OBJECTS, ids=lambda item: item["kind"])
def test_kubernetes_takes_it(item: dict[str, Any]) -> None:
    kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)


def test_the_pod_has_no_rights_that_it_does_not_need() -> None:
    pod = _pod()
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "@sha256:" in container["image"]
    secret = {"RECONCILER_REGISTRY", "HF_TOKEN"}
    assert {item["name"] for item in container["env"] if "valueFrom" in item} == secret
    assert {item["name"] for item in pod["volumes"]} == {item["name"] for item in container["volumeMounts"]}


def _pod() -> dict[str, Any]:
    spec: dict[str, Any] = OBJECTS[1]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.ollama
def test_what_the_container_runs_works_with_manifests_as_kubernetes_mounts_them(site: Site, tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    shutil.copytree(site.folder / "manifests", mount / "..2026_11_22")
    (mount / "..data").symlink_to("..2026_11_22")
    for path in (mount / "..data").iterdir():
        (mount / path.name).symlink_to(f"..data/{path.name}")
    (container,) = _pod()["containers"]
    words = [str(mount) if word == "/manifests" else word for word in (*container["command"], *container["args"])]
    done = site.run(*words, RECONCILER_REGISTRY=f"sqlite:///{tmp_path}/r.db")
    assert (done.returncode, "1 applied" in done.stdout) == (0, True), done.stderr
    assert "No lock" not in done.stdout


def test_the_manifest_in_the_config_map_is_one(site: Site) -> None:
    for name, text in OBJECTS[0]["data"].items():
        (site.folder / name).write_text(text)
        assert site.run("reconciler", "validate", name).returncode == 0


def test_a_file_that_says_so_is_no_manifest(site: Site) -> None:
    assert CRONJOB.read_text(encoding="utf-8").startswith(IGNORED)
    shutil.copy(CRONJOB, site.folder / "manifests")
    assert site.run("reconciler", "validate").returncode == 0
    alone = site.run("reconciler", "validate", "manifests/cronjob.yaml")
    assert (alone.returncode, "there are no manifests here" in alone.stderr) == (1, True)


def test_our_hooks_are_what_pre_commit_expects_and_the_recipe_uses_them() -> None:
    recipe = RECIPES / "pre-commit" / ".pre-commit-config.yaml"
    for word, path in (("validate-manifest", HOOKS), ("validate-config", recipe)):
        assert subprocess.run([sys.executable, "-m", "pre_commit", word, str(path)], check=False).returncode == 0
    used = [
        hook["id"] for repo in yaml.safe_load(recipe.read_text(encoding="utf-8"))["repos"] for hook in repo["hooks"]
    ]
    assert used == [hook["id"] for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))]


def test_a_commit_with_manifests_that_are_wrong_is_held_back(site: Site, name: str) -> None:
    """As the recipe says, but with the hooks of this tree and the command of this PATH: nothing is installed."""
    ours = {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))}
    recipe = yaml.safe_load((RECIPES / "pre-commit" / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [{**ours[hook["id"]], **hook, "language": "system"} for repo in recipe["repos"] for hook in repo["hooks"]]
    config = yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]})
    (site.folder / ".pre-commit-config.yaml").write_text(config)
    who = {"GIT_AUTHOR_NAME": "me", "GIT_COMMITTER_NAME": "me", "EMAIL": "me@example.com"}

    def commit() -> tuple[int, str]:
        for command in (["git", "add", "--all"], [sys.executable, "-m", "pre_commit", "run", "--color", "never"]):
            done = site.run(*command, **who)
        return done.returncode, done.stdout

    assert site.run("git", "init", "--quiet").returncode == 0
    status, told = commit()
    assert (status, told.count("Passed")) == (0, 2), told
    manifest = site.folder / "manifests" / f"{name}.yaml"
    sound = manifest.read_text()
    manifest.write_text(sound + "  parametres: {}\n")
    status, told = commit()
    assert (status, "did you mean 'parameters'?" in told) == (1, True)
    manifest.write_text(sound)
    (site.folder / "manifests" / "reconciler.lock").write_text('{"lock_version": 1, "references": {}}')
    status, told = commit()
    assert (status, "is not in manifests/reconciler.lock" in told) == (1, True)
