"""A comment on a pull request, whatever it tells: a mark to find it by, a verdict, and never too long. Pure.

The first line of its text is not shown and stays the same for the same manifests, so that a program can find the
comment that it has to replace.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.diagnostics import Diagnostic, Severity
from reconciler.core.plan import Plan
from reconciler.errors import ReconcilerError
from reconciler.report.capped import Group, Piece, Weight, fitted
from reconciler.report.marks import code, comment, prose
from reconciler.report.text import counted, without_login

MOST = 60_000  # characters; GitHub takes 65,536, and whoever posts this may have to add something

_NOTICE = 400  # characters of the sentence that says what is left out, at the most
_WORDS = {
    Weight.ALARM: ("", "warning"),
    Weight.FAILURE: ("", "failure"),
    Weight.SKIPPED: ("", "skipped change"),
    Weight.DELETE: ("", "delete"),
    Weight.REFUSAL: ("", "refusal"),
    Weight.CHANGE: ("", "other change"),
    Weight.QUIET: ("", "quiet host"),
    Weight.FIELDS: ("the details of ", "change"),
    Weight.NEWS: ("what is new about ", "outdated model"),
    Weight.GRAPH: ("", "graph"),
}


def findings_markdown(findings: Iterable[object], title: str) -> str:
    """Return why manifests can't be used, as the comment that would have told what they ask for."""
    found = [item for item in findings if isinstance(item, Diagnostic)]
    counts = Counter(item.severity for item in found)
    told = ", ".join(counted(counts[severity], severity) for severity in Severity if counts[severity])
    lines = (
        f"- **{item.severity}** {code(str(item.location))}: {prose(item.message)}{hint(item.hint)}\n" for item in found
    )
    group = Group(tuple(Piece(Weight.ALARM, line) for line in lines))
    return whole(title, f"**The manifests can't be used: {told}.**", (group,), "")


def error_markdown(error: ReconcilerError, title: str) -> str:
    """Return what went wrong, as the comment that would have told what came of it."""
    where = f"{code(error.where)}: " if error.where else ""
    return whole(title, f"**Error:** {where}{prose(error.message)}{hint(error.hint)}", (), "")


def whole(title: str, verdict: str, groups: Sequence[Group], end: str) -> str:
    """Return a comment, found by its title; where it is too long, it says first what is left out."""
    start = f"{comment(f'reconciler {title}')}\n\n{verdict}\n\n"
    room = MOST - len(start) - len(end)
    body, left_out = fitted(groups, room)
    if left_out:
        body, left_out = fitted(groups, room - _NOTICE)
    return f"{start}{_too_long(left_out)}{body}{end}".rstrip("\n") + "\n"


def _too_long(left_out: Counter[Weight]) -> str:
    told = ", ".join(_WORDS[weight][0] + counted(left_out[weight], _WORDS[weight][1]) for weight in sorted(left_out))
    return f"> [!CAUTION]\n> **Too long for a comment. Left out: {told}.**\n\n" if told else ""


def alarm(kind: str, sentence: str, lines: Iterable[str]) -> Group:
    """Return a sentence that nobody overlooks, and lines below it; nothing where there is no sentence."""
    if not sentence:
        return Group(())
    first = f"> [!{kind}]\n> **{prose(sentence)}**\n"
    texts = (first, *(f"> - {line}\n" for line in lines))
    return Group(tuple(Piece(Weight.ALARM, text) for text in texts), tail="\n")


def silent(plan: Plan) -> Iterator[str]:
    """Yield a line for each host that could not be observed."""
    for host in plan.unobserved:
        place = f"host {code(host.host)} {code(without_login(host.url))}"
        yield f"{place}: {prose(host.message)}{hint(host.hint)}"


def hint(text: str) -> str:
    """Return what to do, for the end of a line; empty where nothing is known to help."""
    return f"<br>hint: {prose(text)}" if text else ""


def folded(title: str, pieces: Sequence[Piece], first: str = "") -> Group:
    """Return pieces that are seen when somebody asks for them; each begins with an empty line, or `first` does."""
    return Group(tuple(pieces), f"<details><summary>{title}</summary>\n{first}", "\n</details>\n\n")
