"""Runs as a chart: above, how their changes ended; below, the bytes that they moved. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.frozen import dataclass
from reconciler.core.outcome import Status
from reconciler.report.html.tags import Html, joined, tag
from reconciler.report.text import counted, human_bytes

_LEFT = 64  # pixels for the numbers of the scales
_STEP, _WIDTH = 22, 14  # pixels from one bar to the next, and of a bar
_TOP, _TALL = 8, 110  # pixels above the upper part, and its height
_SECOND, _LOW = 150, 44  # where the lower part begins, and its height
_HEIGHT = 222
_LEAST = 2  # pixels of what is there at all


@dataclass(frozen=True, slots=True)
class Bar:
    """One run."""

    began: str
    status: str
    counts: Mapping[Status, int]
    moved: int  # bytes

    @property
    def changes(self) -> int:
        """Return how many outcomes there are."""
        return sum(self.counts.values())

    @property
    def words(self) -> str:
        """Return all of it as one line."""
        counts = [f"{count} {status}" for status, count in self.counts.items() if count]
        return f"{self.began}: {self.status}, {', '.join(counts) or 'no changes'}, {human_bytes(self.moved)} moved"


def chart(bars: Sequence[Bar]) -> Html:
    """Return a chart of runs, which come oldest first; what it shows is in a table as well."""
    most, heaviest = max(bar.changes for bar in bars), max(bar.moved for bar in bars)
    right = _LEFT + max(len(bars) * _STEP, 8 * _STEP)
    drawn = (_hatch(), *_scale(right, most, heaviest), *_days(bars), *_bars(bars, most, heaviest))
    about = (
        f"{counted(len(bars), 'run')}, from {bars[0].began} to {bars[-1].began}; the table below tells each of them."
    )
    size = {"width": right + 8, "height": _HEIGHT}
    box = f"0 0 {size['width']} {size['height']}"
    svg = tag("svg", tag("title", about), *drawn, role="img", class_="chart", viewBox=box, **size)
    keys = (tag("li", _key(status), f" {status.value}", class_=status.value) for status in Status)
    scroll = tag("div", svg, class_="scroll", role="region", aria_label="Chart of runs", tabindex="0")
    return tag("figure", scroll, tag("figcaption", tag("ul", *keys, class_="keys")))


def _hatch() -> Html:
    """Return the pattern of what failed, so that it is told from the rest without colours."""
    line = tag("path", d="M0 0V6", class_="hatching")
    rotated = {"patternTransform": "rotate(45)", "patternUnits": "userSpaceOnUse"}
    return tag("defs", tag("pattern", line, id="hatch", width=4, height=6, **rotated))


def _scale(right: int, most: int, heaviest: int) -> Iterator[Html]:
    for top, height, label, unit in (
        (_TOP, _TALL, f"{most:,}", "changes"),
        (_SECOND, _LOW, human_bytes(heaviest), "moved"),
    ):
        base = top + height
        yield tag("path", d=f"M{_LEFT} {base + 0.5}H{right}", class_="axis")
        yield _text(_LEFT - 8, top + 9, label, "end")
        yield _text(_LEFT - 8, top + 25, unit, "end")
        yield _text(_LEFT - 8, base, "0", "end")


def _days(bars: Sequence[Bar]) -> Iterator[Html]:
    """Yield the days of the first and the last run."""
    yield _text(_LEFT, _HEIGHT - 8, bars[0].began[:10], "start")
    if len(bars) >= 10:
        yield _text(_LEFT + len(bars) * _STEP, _HEIGHT - 8, bars[-1].began[:10], "end")


def _bars(bars: Sequence[Bar], most: int, heaviest: int) -> Iterator[Html]:
    for place, bar in enumerate(bars):
        left = _LEFT + place * _STEP + (_STEP - _WIDTH) // 2
        shapes: list[Html] = [tag("title", bar.words)]
        floor = _TOP + _TALL
        for status, count in bar.counts.items():
            height = _pixels(count, most, _TALL)
            floor -= height
            shapes += _box(left, floor, height, status.value)
        low = _pixels(bar.moved, heaviest, _LOW)
        shapes += _box(left, _SECOND + _LOW - low, low, "moved")
        shapes.append(_text(left + _WIDTH // 2, _SECOND - 12, _sign(bar), "middle"))
        yield tag("g", *shapes)


def _box(left: int, top: int, height: int, kind: str) -> list[Html]:
    sides = {"x": left, "y": top, "width": _WIDTH, "height": height}
    return [tag("rect", class_=kind, **sides)] if height else []


def _pixels(part: int, whole: int, height: int) -> int:
    return max(_LEAST, part * height // whole) if part else 0


def _sign(bar: Bar) -> str:
    """Return a mark for a run that did not go well, or is going on."""
    return {"succeeded": "", "running": "…"}.get(bar.status, "!")


def _key(status: Status) -> Html:
    box = joined(_box(0, 0, 12, status.value))
    return tag("svg", box, width=_WIDTH, height=12, aria_hidden="true")


def _text(x: int, y: int, text: str, anchor: str) -> Html:
    return tag("text", text, x=x, y=y, text_anchor=anchor)
