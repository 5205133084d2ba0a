"""What commands print: the report's text or JSON, whichever was asked for."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.settings import Settings
from reconciler.errors import ManifestError, ReconcilerError

if TYPE_CHECKING:
    from reconciler.core.outcome import RunResult
    from reconciler.core.plan import Plan
    from reconciler.report.upstream import Told


def plan(made: "Plan", settings: Settings, format_: str, name: str = "") -> str:
    """Return a plan in one of the formats of `plan`; a comment is known by the `name` of what was planned."""
    registry = settings.registry_url.partition("?")[0]
    if format_ == "json":
        from reconciler.report.json_report import plan_json

        return plan_json(made)
    if format_ == "markdown":
        from reconciler.report.markdown import plan_markdown

        return plan_markdown(made, name, registry)
    if format_ in {"mermaid", "dot"}:
        from reconciler.report import graph

        return graph.mermaid(made) if format_ == "mermaid" else graph.dot(made)
    from reconciler.report.terminal import plan_text

    return plan_text(made, colour=settings.color, registry=registry, columns=settings.columns)


def run(made: "Plan", result: "RunResult", settings: Settings, format_: str, name: str = "") -> str:
    """Return what came of a run in one of the formats of `apply`; a comment is known by its `name`, as a plan's is."""
    if format_ == "json":
        from reconciler.report.json_report import run_json

        return run_json(made, result)
    if format_ == "markdown":
        from reconciler.report.markdown_run import run_markdown

        return run_markdown(made, result, name)
    return text_of_run(result, settings)


def text_of_run(result: "RunResult", settings: Settings) -> str:
    """Return what came of a run as text."""
    from reconciler.report.terminal import run_text

    return run_text(result, colour=settings.color, columns=settings.columns)


def status(made: "Plan", settings: Settings, format_: str) -> str:
    """Return the state of everything in one of the formats of `status`."""
    if format_ == "json":
        from reconciler.report.json_report import status_json

        return status_json(made)
    from reconciler.report.terminal import status_text

    return status_text(made, colour=settings.color, columns=settings.columns)


def diff(found: "Sequence[Told]", settings: Settings, format_: str) -> str:
    """Return how models stand to upstream in one of the formats of `diff`."""
    if format_ == "json":
        from reconciler.report.json_diff import diff_json

        return diff_json(found)
    from reconciler.report.terminal import diff_text

    return diff_text(found, colour=settings.color, columns=settings.columns)


def findings(found: Iterable[object], format_: str, name: str = "") -> str:
    """Return findings about manifests in the format that a command was asked for; nothing where that is text."""
    if format_ == "json":
        from reconciler.report.findings import findings_json

        return findings_json(found)
    if format_ == "sarif":
        from reconciler.report.sarif import findings_sarif

        return findings_sarif(found, str(Path.cwd()))
    if format_ == "markdown":
        from reconciler.report.comment import findings_markdown

        return findings_markdown(found, name)
    return ""


def trouble(error: ReconcilerError, format_: str, name: str) -> str:
    """Return what went wrong where that is a result: findings, and a comment that would else tell of an older plan."""
    if isinstance(error, ManifestError):
        return findings(error.diagnostics, format_, name)
    if format_ == "markdown":
        from reconciler.report.comment import error_markdown

        return error_markdown(error, name)
    return ""
