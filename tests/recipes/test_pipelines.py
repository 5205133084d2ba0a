"""Pipelines: each is what the schema of its kind says, safe by what it may do, and its own commands work."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from tests.parts.missing import program
from tests.recipes.conftest import RECIPES, Site

GITHUB = RECIPES / "github" / ".github" / "workflows" / "models.yml"
GITLAB = RECIPES / "gitlab" / ".gitlab-ci.yml"
WORKFLOW: dict[str, Any] = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))
PIPELINE: dict[str, Any] = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
STEPS = {
    f"{job} {step.get('name', step.get('uses'))}": step
    for job, body in WORKFLOW["jobs"].items()
    for step in body["steps"]
}
SCRIPTS = {title: step["run"] for title, step in STEPS.items() if "run" in step}
LINES = {
    f"{job} {part} {number}": line
    for job, body in PIPELINE.items()
    if isinstance(body, dict)
    for part in ("before_script", "script", "after_script")
    for number, line in enumerate(body.get(part, []))
}
GH = r"""
import json, os, pathlib, subprocess, sys
words, root = sys.argv[1:], pathlib.Path(os.environ["FAKE_GITHUB"])
if words[:2] == ["run", "download"]:
    assert words[2:] == ["7", "--name", "snapshot"], words
    pathlib.Path("snapshot.json").write_text((root / "snapshot.json").read_text())
    sys.exit()
assert words[0] == "api", words
options = dict(zip(words[1:], words[2:]))
path = next(word for word in words[1:] if word.startswith("repos/"))
kept = json.loads((root / "comments.json").read_text())
if "--method" in options:
    body = pathlib.Path(options["--field"].removeprefix("body=@")).read_text()
    if options["--method"] == "POST":
        assert path == "repos/me/models/issues/5/comments", path
        kept.append({"id": 100 + len(kept), "user": {"type": "Bot"}, "body": body})
    else:
        next(item for item in kept if path == f"repos/me/models/issues/comments/{item['id']}")["body"] = body
    (root / "comments.json").write_text(json.dumps(kept))
else:
    told = kept if path.endswith("/comments") else json.loads((root / "artifacts.json").read_text())
    sys.exit(subprocess.run(["jq", "-r", options["--jq"]], input=json.dumps(told), text=True).returncode)
"""


@pytest.mark.parametrize(("schema", "path"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)])
def test_it_is_what_the_schema_of_its_kind_says(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("title", [*SCRIPTS, *LINES])
def test_every_script_is_shell(title: str) -> None:
    script = {**SCRIPTS, **LINES}[title]
    done = subprocess.run(["bash", "-n"], check=False, input=script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_workflow_may_do_no_more_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {job: body["permissions"] for job, body in WORKFLOW["jobs"].items()} == {
        "validate": {"contents": "read", "security-events": "write"},
        "plan": {"actions": "read", "contents": "read", "pull-requests": "write"},
        "apply": {"contents": "read"},
    }
    assert "pull_request_target" not in GITHUB.read_text(encoding="utf-8")
    assert "secrets." not in str(WORKFLOW["jobs"]["plan"]) + str(WORKFLOW["jobs"]["validate"])


@pytest.mark.parametrize("uses", sorted({step["uses"] for step in STEPS.values() if "uses" in step}))
def test_actions_are_pinned_to_a_commit_with_its_version_beside(uses: str) -> None:
    assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", uses)
    assert re.search(rf"uses: {re.escape(uses)} # v\d+\.\d+\.\d+\n", GITHUB.read_text(encoding="utf-8"))


@pytest.mark.parametrize("title", SCRIPTS)
def test_nothing_that_a_stranger_wrote_becomes_a_part_of_a_script(title: str) -> None:
    assert "${{" not in SCRIPTS[title]


def test_only_one_run_applies_at_a_time() -> None:
    apply = WORKFLOW["jobs"]["apply"]
    assert apply["concurrency"] == {"group": "reconciler-apply", "cancel-in-progress": False}
    assert PIPELINE["apply"]["resource_group"]


@pytest.fixture
def github(site: Site, tmp_path: Path) -> dict[str, str]:
    """Return what GitHub puts into the environment; its `gh` keeps comments and a snapshot in a folder."""
    site.command("jq", f'exec {shlex.join(program("jq", "tools"))} "$@"')
    root = tmp_path / "github"
    root.mkdir()
    ours = {"head_branch": "main", "head_repository_id": 1, "repository_id": 1}
    found = [
        {"created_at": "2026-01-02", "expired": False, "workflow_run": {**ours, "id": 7}},
        {"created_at": "2026-01-01", "expired": False, "workflow_run": {**ours, "id": 6}},
        {"created_at": "2026-01-03", "expired": True, "workflow_run": {**ours, "id": 8}},
        {"created_at": "2026-01-04", "expired": False, "workflow_run": {**ours, "id": 9, "head_repository_id": 2}},
        {"created_at": "2026-01-04", "expired": False, "workflow_run": {**ours, "id": 9, "head_branch": "topic"}},
    ]
    (root / "artifacts.json").write_text(json.dumps({"artifacts": found}))
    (root / "comments.json").write_text(json.dumps([{"id": 1, "user": {"type": "User"}, "body": "Looks good."}]))
    site.command("gh", GH, sys.executable)
    return {
        "FAKE_GITHUB": str(root),
        "GH_REPO": "me/models",
        "PULL_REQUEST": "5",
        "GITHUB_STEP_SUMMARY": str(root / "summary.md"),
    }


@pytest.mark.ollama
def test_the_workflow_applies_takes_a_snapshot_and_keeps_one_comment(
    site: Site, github: dict[str, str], name: str
) -> None:
    root = Path(github["FAKE_GITHUB"])
    for title in ("validate Validate", "validate Lock", "apply Snapshot"):
        assert site.bash(SCRIPTS[title], **github).returncode == 0
    assert json.loads((site.folder / "reconciler.sarif").read_text())["version"] == "2.1.0"
    (site.folder / "snapshot.json").rename(root / "snapshot.json")

    def comments() -> list[str]:
        nowhere = {**github, "OLLAMA_HOST": "", "XDG_STATE_HOME": str(root / "nowhere")}
        for title in ("plan Fetch the latest snapshot", "plan Plan", "plan Comment"):
            done = site.bash(SCRIPTS[title], **nowhere)
            assert (done.returncode, done.stderr) == (0, ""), title
        return [item["body"] for item in json.loads((root / "comments.json").read_text())]

    first = comments()
    assert (len(first), first[0], f"`{name}:latest`" in first[1]) == (2, "Looks good.", True)
    assert "1 to create" in first[1]
    assert site.bash(SCRIPTS["apply Apply"], **github).returncode == 0
    assert site.bash(SCRIPTS["apply Snapshot"], **github).returncode == 0
    (site.folder / "snapshot.json").rename(root / "snapshot.json")
    second = comments()
    assert (len(second), "No changes" in second[1]) == (2, True)
    assert "1 applied" in (root / "summary.md").read_text()


class _Packages(BaseHTTPRequestHandler):
    """Where GitLab keeps packages: one file."""

    kept: dict[str, bytes]

    def do_PUT(self) -> None:
        assert self.headers["JOB-TOKEN"] == "job-token"
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200 if self.path in self.kept else 404)
        self.end_headers()
        self.wfile.write(self.kept.get(self.path, b""))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gitlab() -> Iterator[dict[str, str]]:
    """Give what GitLab puts into the environment, and a place for packages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Packages", (_Packages,), {"kept": {}}))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    api = f"http://127.0.0.1:{server.server_address[1]}/api/v4"
    given = {"CI_API_V4_URL": api, "CI_PROJECT_ID": "3", "CI_JOB_TOKEN": "job-token"}
    place = re.sub(r"\$(\w+)", lambda match: given[match[1]], PIPELINE["variables"]["SNAPSHOT"])
    yield {**given, "SNAPSHOT": place}
    server.shutdown()
    server.server_close()


@pytest.mark.ollama
def test_the_pipeline_applies_and_plans_from_the_snapshot_that_it_took(
    site: Site, gitlab: dict[str, str], name: str
) -> None:
    def job(title: str, **environ: str) -> None:
        for part in ("script", "after_script"):
            for line in PIPELINE[title].get(part, []):
                done = site.bash(line, **gitlab, **environ)
                assert done.returncode == 0, (line, done.stderr)

    job("validate")
    job("apply")
    (site.folder / "snapshot.json").unlink()
    more = site.folder / "manifests" / f"{name}.yaml"
    more.write_text(more.read_text() + "  parameters: {seed: 7}\n")
    job("plan", OLLAMA_HOST="", XDG_STATE_HOME=str(site.folder / "nowhere"))
    told = (site.folder / "plan.md").read_text()
    assert ("1 to update" in told, "parameters.seed" in told) == (True, True)
