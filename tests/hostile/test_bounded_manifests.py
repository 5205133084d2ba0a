"""Manifests that would eat the machine: each is refused, in so much memory and so much CPU time."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.hostile.bounded import validated

Attack = Callable[[Path], None]
LONG = "x" * 1_000_000
MOST_WORDS = 50_000  # characters that a refusal may print


def document(kind: str, name: str, spec: str) -> str:
    return f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def documents(*made: Iterable[str]) -> Attack:
    text = "---\n".join(one for many in made for one in many)
    return lambda folder: (folder / "a.yaml").write_text(text) and None


def tune(spec: str) -> Attack:
    return documents([document("FineTune", "m", f"{{base: b, {spec}}}")])


def laughs(folder: Path) -> None:
    lists = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 10)]
    (folder / "a.yaml").write_text("\n".join(["a0: &a0 [lol]", *lists]))


def sparse(name: str, then: Attack = lambda _: None) -> Attack:
    def write(folder: Path) -> None:
        then(folder)
        with (folder / name).open("wb") as file:
            file.truncate(1 << 30)

    return write


def lines(line: str, count: int, files: int = 1) -> Attack:
    def write(folder: Path) -> None:
        tune("examplesFrom: ['*.jsonl']")(folder)
        for number in range(files):
            (folder / f"{number}.jsonl").write_text(line * count)

    return write


def shared_template(folder: Path) -> None:
    (folder / "t.tmpl").write_text("x" * 4_000_000)
    documents(document("Model", f"m{n}", "{source: {ollama: b}, templateFile: t.tmpl}") for n in range(2000))(folder)


def linked(pattern: str, *targets: str) -> Attack:
    def write(folder: Path) -> None:
        for number, target in enumerate(targets):
            (folder / f"link{number}").symlink_to(target)
        tune(f"examplesFrom: ['{pattern}']")(folder)

    return write


BOMB = f"a: &a [{', '.join(['x'] * 300)}]\nb: [{', '.join(['*a'] * 300)}]\n"
PAIRS = ", ".join(["{user: *s, assistant: *s}"] * 2000)
GOOD, BAD = '{"user": "a", "assistant": "b"}\n', "{}\n"

ATTACKS: dict[str, tuple[Attack, str]] = {
    "a billion laughs": (laughs, "more than 100000 values"),
    "a thousand documents, each nearly too much": (documents([BOMB] * 1000), "more than 100000 values"),
    "one long text, thousands of times": (
        tune(f"system: &s '{LONG}', examplesIn: system, examples: [{PAIRS}]"),
        "more than 4194304 characters of text",
    ),
    "a gigabyte of nothing": (sparse("a.yaml"), "larger than 4 MiB"),
    "a template of a gigabyte": (
        sparse("t.tmpl", documents([document("Model", "m", "{source: {ollama: b}, templateFile: t.tmpl}")])),
        "larger than 4 MiB",
    ),
    "one template in thousands of models": (shared_template, "characters of prompts, templates and examples"),
    "examples of a gigabyte": (sparse("a.jsonl", tune("examplesFrom: ['*.jsonl']")), "larger than 4 MiB"),
    "a million good lines in one file": (lines(GOOD, 1_000_000), "larger than 4 MiB"),
    "a million good lines in ten files": (lines(GOOD, 100_000, 10), "more than 10000 examples"),
    "a million bad lines": (lines(BAD, 1_000_000), "20 findings about examples: the rest was not read"),
    "a hundred files of long lines": (
        lines(f'{{"user": "{LONG}", "assistant": "b"}}\n', 4, 100),
        "more than 4194304 characters in them",
    ),
    "more models on hosts than there are": (
        documents(
            (document("Host", f"h{n}", f"{{url: 'http://h{n}'}}") for n in range(4000)),
            (document("Model", f"m{n}", f"{{source: {{ollama: m{n}}}}}") for n in range(4000)),
        ),
        "and 500000 in all are the most",
    ),
    "a circle of links": (linked("*/" * 25 + "*.jsonl", ".", "."), "no file matches"),
    "a link to everything": (linked("link0/**/*.jsonl", "/"), "leads out of the manifest's folder"),
    "a link to everything, by chance": (linked("*/**/*.jsonl", "/"), "leads out of the manifest's folder"),
    "a pattern without an end": (linked("*/" * 100_000 + "*.jsonl", "."), "more than 32 parts"),
    "a pattern of folders in folders": (linked("**/" * 300 + "*.jsonl", "."), "more than 32 parts"),
    "a pattern that goes back and forth": (linked("*a" * 400 + "b"), "no file matches"),
    "an enormous key": (documents([document("Model", "m", f"{{source: {{ollama: b}}, ? {LONG} : 1}}")]), "unknown key"),
}


@pytest.mark.parametrize(("attack", "words"), ATTACKS.values(), ids=ATTACKS)
def test_what_would_eat_the_machine_is_refused_within_bounds(tmp_path: Path, attack: Attack, words: str) -> None:
    attack(tmp_path)
    ended = validated(tmp_path)
    assert not ended.traceback, ended.err[-2000:]
    assert ended.status == 1
    assert words in ended.err
    assert len(ended.out + ended.err) < MOST_WORDS


def test_what_is_only_doubtful_stays_within_bounds(tmp_path: Path) -> None:
    """Thousands of bases that nobody declares, and builds on hosts for which their base is not meant."""
    labelled = "{source: {ollama: b}, hosts: {matchLabels: {a: b}}}"
    documents(
        (document("Host", f"h{n}", f"{{url: 'http://h{n}'}}") for n in range(100)),
        (document("Model", f"m{n}", labelled) for n in range(2000)),
        (document("FineTune", f"f{n}", f"{{base: m{n}, system: x}}") for n in range(2000)),
    )(tmp_path)
    tunes = (document("FineTune", f"tune-{n}", f"{{base: base-{n}, system: x}}") for n in range(1000))
    (tmp_path / "b.yaml").write_text("---\n".join(tunes))
    ended = validated(tmp_path)
    assert (ended.status, ended.traceback) == (0, False), ended.err[-2000:]
    assert "h0, h1, h10, h11, h12, h13, h14, h15, h16, h17 and 90 more" in ended.err
