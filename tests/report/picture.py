"""What a terminal shows, as a picture for the README: text in an SVG, with nothing to fetch and no font of its own.

`.github/plan.svg` is made from `PLAN`; a test fails where it is not. After an intended change:
`RENEW_GOLDEN=1 pytest tests/report/test_picture.py`, and look at it.
"""

import re
from dataclasses import replace
from html import escape

from reconciler.core.change import Action, Cost, Reason
from reconciler.report.terminal import plan_text
from reconciler.report.text import width
from tests.report.builders import MB, address, build_steps, change, create, desired, digest, field, host, name, plan
from tests.report.upstream_cases import hub_model, hub_pull, still

COLUMN, LINE, MARGIN, BAR = 8.4, 20, 24, 40  # pixels
COLOURS = {
    "": "#d7dde4",
    "1": "#ffffff",
    "31": "#ff8f88",
    "32": "#7fd89f",
    "33": "#f0c36d",
    "35": "#d6a8ff",
    "36": "#7cc7ff",
}
FONT = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
RUN = re.compile(r"\x1b\[(\d*)m|([^\x1b]+)")
WORDS = re.compile(r"\S+(?: \S+)*")


def _updated(model, host):
    steps, prompt = build_steps(model, "smollm2:135m"), "You are a support agent.\n{}\nNever guess."
    return change(
        model,
        Action.UPDATE,
        Reason.SPEC_CHANGED,
        Reason.DRIFTED,
        host=host,
        after=desired(model, host, source="build", reference="from smollm2:135m", steps=steps),
        base=name("smollm2:135m"),
        fields=(
            field("parameters.temperature", 0.7, 0.2),
            field("system", prompt.format("Answer at length."), prompt.format("Answer in one sentence.")),
        ),
        drift=(field("parameters.num_ctx", 2048, 4096),),
    )


def _outdated(model, host):
    entry = hub_model(model, "params=old", offered=hub_pull(model, "params=new"))
    made = still(entry, news=(field("parameters.num_ctx", 4096, 8192),))
    here = address(model, host)
    return replace(made, address=here, after=replace(entry, address=here))


def _plan():
    changes = (
        create("smollm2:135m", "gpu-01"),
        _updated("support-bot", "gpu-01"),
        _outdated("llama3.2:1b", "gpu-02"),
        change("old-bot:7b", Action.DELETE, Reason.NOT_DECLARED, host="gpu-02", before=digest("old")),
        change(
            "llama3:8b",
            Action.REFUSE,
            Reason.UNMANAGED,
            host="gpu-02",
            hint="`--adopt` takes it over and makes it what is declared; or rename the resource",
        ),
    )
    hosts = (
        host("gpu-01", in_sync=12, unmanaged=("x", "y", "z"), url="https://gpu-01.example:11434"),
        host("gpu-02", in_sync=14, url="https://gpu-02.example:11434"),
    )
    costs = (
        (address("smollm2:135m", "gpu-01"), Cost(98_400_000, 98_400_000)),
        (address("old-bot:7b", "gpu-02"), Cost(0, -4_100 * MB)),
    )
    return replace(plan(*changes, hosts=hosts), costs=costs)


PLAN = _plan()


def picture(command: str, text: str) -> str:
    """Return what a terminal shows after a command as an SVG; the text has the colours of a terminal."""
    lines = [f"\x1b[36m$\x1b[0m \x1b[1m{command}\x1b[0m", *text.splitlines()]
    wide = round(max(width(RUN.sub(r"\2", line)) for line in lines) * COLUMN + 2 * MARGIN)
    tall = len(lines) * LINE + BAR + MARGIN
    plain = "\n".join(RUN.sub(r"\2", line) for line in lines)
    shown = "\n".join(part for number, line in enumerate(lines) for part in _line(line, BAR + (number + 0.75) * LINE))
    dots = "".join(f'<circle cx="{MARGIN + 18 * place}" cy="21" r="5.5"/>' for place in range(3))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" role="img">
<title>A terminal that shows a plan</title>
<desc>{escape(plain)}</desc>
<rect x="0.5" y="0.5" width="{wide - 1}" height="{tall - 1}" rx="10" fill="#171a1f" stroke="#3a414a"/>
<g fill="#4a525c">{dots}</g>
<g font-family="{FONT}" font-size="14" xml:space="preserve">
{shown}
</g>
</svg>
"""


def _line(line, base):
    """Yield the words of a line where they stand, each as wide as it is in a terminal, whatever the font is."""
    colour, column = "", 0
    for code, text in RUN.findall(line):
        if not text:
            colour = code.lstrip("0")
            continue
        for words in WORDS.finditer(text):
            left = MARGIN + (column + width(text[: words.start()])) * COLUMN
            wide = width(words[0]) * COLUMN
            place = f'x="{left:.1f}" y="{base:g}" textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs"'
            weight = ' font-weight="bold"' if colour == "1" else ""
            yield f'<text {place} fill="{COLOURS[colour]}"{weight}>{escape(words[0])}</text>'
        column += width(text)


def of_plan() -> str:
    """Return the picture of the plan."""
    return picture("reconciler plan", plan_text(PLAN, colour=True))
