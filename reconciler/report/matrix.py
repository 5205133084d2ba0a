"""Status of several hosts as a matrix: models down, hosts across, and in each cell a symbol and a word. Pure.

A terminal that is too narrow for all hosts with their words gets the symbols alone, or some hosts at a time; one that
has no room for a single host beside the names gets no matrix. No name is ever cut: a long one has a line of its own
there, and sticks out where nobody counts columns, so that each model is one line of a file.
"""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.core.frozen import dataclass
from reconciler.core.names import HostName, ModelName
from reconciler.report.fold import Whole
from reconciler.report.lines import hint_lines
from reconciler.report.paint import Colour, Paint
from reconciler.report.status import MARKS, MEANINGS, State, StatusRow, part
from reconciler.report.text import aligned, safe, width

COLOURS = {State.IN_SYNC: Colour.GREEN, State.UNMANAGED: Colour.NONE, State.UNREACHABLE: Colour.RED}
_WIDEST_NAME = 48  # columns that names may claim where nobody counts them
_GAP = "  "
_NOWHERE = "·"  # the model is neither declared for this host nor there
_FEW = 2  # tables that one may look at in turn; of more, symbols alone make fewer

States = Mapping[HostName, State]
Cells = tuple[str, ...]  # of one row, the name first


@dataclass(frozen=True, slots=True)
class Matrix:
    """How each model stands on each host."""

    hosts: tuple[HostName, ...]
    models: tuple[
        tuple[ModelName, States], ...
    ]  # what is declared first, then what no longer is, then what is not ours

    @classmethod
    def of(cls, rows: Sequence[StatusRow], hosts: Sequence[HostName]) -> "Matrix":
        """Return the matrix of these rows; of a host that does not answer nothing is known."""
        silent = {row.host: State.UNREACHABLE for row in rows if row.model is None}
        found: dict[ModelName, dict[HostName, State]] = {}
        for row in rows:
            if row.model is not None:
                found.setdefault(row.model, dict(silent))[row.host] = row.state
        order = sorted(found, key=lambda model: (min(map(part, found[model].values())), model.key))
        return cls(tuple(hosts), tuple((model, found[model]) for model in order))


def matrix_lines(matrix: Matrix, paint: Paint, columns: int) -> list[str]:
    """Return the matrix as lines that fit, some hosts at a time; nothing where there is no room for it.

    0 columns mean that nobody looks: then every host is in one table.
    """
    name = _name_width(matrix, columns)
    with_words, without = (_parts(matrix, name, columns, words=words) for words in (True, False))
    words = len(with_words) == 1 or (len(without) > 1 and 0 < len(with_words) <= _FEW)
    tables = (_table(matrix, hosts, paint, words=words) for hosts in (with_words if words else without))
    rows = [row for place, table in enumerate(tables) for row in (*([("",)] if place else []), *table)]
    return [Whole(line) for row in rows for line in _lines(row, name, fit=columns > 0)]


def legend_lines(rows: Sequence[StatusRow], paint: Paint) -> Iterator[str]:
    """Yield what each state that occurs means, a line each."""
    states = [state for state in State if any(row.state is state for row in rows)]
    cells = aligned(((MARKS[state], state.value, MEANINGS[state]) for state in states), (_WIDEST_NAME,) * 2)
    for state, (mark, word, meaning) in zip(states, cells, strict=True):
        yield f"  {paint(COLOURS.get(state, Colour.YELLOW), mark)} {word}  {meaning}"


def notes(rows: Sequence[StatusRow]) -> Iterator[str]:
    """Yield what there is to say about a model beyond its state, once for all hosts of which the same is so."""
    hosts: dict[tuple[ModelName, State, str, str], list[str]] = {}
    for row in rows:
        if row.model is not None and (row.hint or (row.detail and not part(row.state))):
            hosts.setdefault((row.model, row.state, row.detail, row.hint), []).append(row.host)
    for (model, state, detail, hint), names in sorted(hosts.items()):
        yield safe(f"  {MARKS[state]} {model} on {', '.join(names)}: {detail or state.value}")
        yield from hint_lines(safe(hint))


def _parts(matrix: Matrix, name: int, columns: int, *, words: bool) -> list[tuple[HostName, ...]]:
    """Return the hosts that fit beside each other, table by table; none where not even one does."""
    count = len(matrix.hosts)
    room = (columns - name) // (len(_GAP) + _cell_width(matrix, words=words)) if columns else count
    if room <= 0 or not matrix.models:
        return []
    return [matrix.hosts[start : start + room] for start in range(0, count, room)]


def _name_width(matrix: Matrix, columns: int) -> int:
    """Return how wide the column of names is: as its widest name that leaves room for cells."""
    most = columns // 2 if columns else _WIDEST_NAME
    return max((wide for model, _ in matrix.models if (wide := width(safe(str(model)))) <= most), default=0)


def _cell_width(matrix: Matrix, *, words: bool) -> int:
    states = {state for _, here in matrix.models for state in here.values()}
    texts = (*map(safe, matrix.hosts), *(_cell(state, words=words) for state in states))
    return max(map(width, texts))


def _table(matrix: Matrix, hosts: Sequence[HostName], paint: Paint, *, words: bool) -> Iterator[Cells]:
    wide = _cell_width(matrix, words=words)
    yield ("", *(_padded(safe(host), wide, Colour.BOLD, paint) for host in hosts))
    for model, here in matrix.models:
        yield (safe(str(model)), *(_painted(here.get(host), wide, paint, words=words) for host in hosts))


def _lines(row: Cells, name: int, *, fit: bool) -> Iterator[str]:
    """Yield a row; where it has to fit, a name that is wider than its column has a line of its own."""
    shown, *rest = row
    if fit and width(shown) > name:
        yield shown
        shown = ""
    yield _GAP.join((shown.ljust(name), *rest)).rstrip()


def _painted(state: State | None, wide: int, paint: Paint, *, words: bool) -> str:
    if state is None:
        return _NOWHERE.ljust(wide)
    return _padded(_cell(state, words=words), wide, COLOURS.get(state, Colour.YELLOW), paint)


def _padded(text: str, wide: int, colour: Colour, paint: Paint) -> str:
    return paint(colour, text) + " " * (wide - width(text))


def _cell(state: State, *, words: bool) -> str:
    return f"{MARKS[state]} {state.value}" if words else MARKS[state]
