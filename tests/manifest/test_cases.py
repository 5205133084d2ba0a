"""Every case in cases/ gets exactly the findings that stand beside it."""

from pathlib import Path

import pytest

from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError
from reconciler.manifest.load import load
from reconciler.manifest.rules import WARNINGS, Rule

CASES = Path(__file__).parent / "cases"
NAMES = sorted(file.stem for file in CASES.glob("*.expected"))

# made in test_bounds.py and in tests/hostile
LOCK = {Rule.LOCK_SYNTAX, Rule.LOCK_VERSION, Rule.LOCK_ENTRY, Rule.LOCK_CONFLICT}
SNAPSHOT = {
    Rule.SNAPSHOT_SYNTAX,
    Rule.SNAPSHOT_VERSION,
    Rule.SNAPSHOT_ENTRY,
    Rule.INVALID_LISTED_NAME,
    Rule.INVALID_TIME,
}
BOUNDS = {Rule.UNREADABLE, Rule.TOO_LARGE, Rule.TOO_MANY_EXAMPLES, Rule.TOO_MANY_MODELS, Rule.TOO_MUCH_TEXT}
ELSEWHERE = LOCK | SNAPSHOT | BOUNDS | {Rule.NOT_CONVERTED}


def found(path: Path) -> tuple[Diagnostic, ...]:
    """Return all findings, errors and warnings."""
    try:
        return load([path]).warnings
    except ManifestError as error:
        return tuple(item for item in error.diagnostics if isinstance(item, Diagnostic))


def written(findings: tuple[Diagnostic, ...]) -> str:
    return "".join(f"[{item.code}] {item}\n" for item in findings)


@pytest.mark.parametrize("name", NAMES)
def test_findings_are_exactly_those_expected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    single = Path(f"{name}.yaml")
    findings = found(single if single.exists() else Path(name))
    assert written(findings) == (CASES / f"{name}.expected").read_text(encoding="utf-8")


def test_every_case_has_its_expectation() -> None:
    given = {path.stem for path in CASES.iterdir() if path.suffix != ".expected" and path.name != "valid"}
    assert given | {"no-such-path"} == set(NAMES)


def test_every_rule_has_a_case() -> None:
    text = "".join((CASES / f"{name}.expected").read_text(encoding="utf-8") for name in NAMES)
    assert {rule for rule in Rule if f"[{rule.value}]" not in text} == ELSEWHERE


def test_no_finding_shows_a_secret() -> None:
    text = "".join((CASES / f"{name}.expected").read_text(encoding="utf-8") for name in NAMES)
    assert not [secret for secret in ("s3cret", "123456", "Bearer abc") if secret in text]


def test_only_doubts_are_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    for rule in WARNINGS - ELSEWHERE:
        assert {item.severity.value for item in load([Path(f"{rule.value}.yaml")]).warnings} == {"warning"}
