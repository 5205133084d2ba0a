"""Status of several hosts: every model on every host, whatever the width, and the words where there is room."""

from itertools import cycle

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.names import HostName, ModelName
from reconciler.report.matrix import COLOURS, Matrix, legend_lines, matrix_lines
from reconciler.report.paint import Colour, Paint
from reconciler.report.status import MARKS, MEANINGS, State, StatusRow, status_rows
from reconciler.report.terminal import status_text
from reconciler.report.text import width
from tests.report.builders import change, create, desired, host, in_sync, kept, plan, silent

NONE = Paint(wanted=False)
LONG = "hf.co/Org/A-Model-With-A-Long-Name-GGUF:UD-Q4_K_XL"


def drifted(name, on):
    return change(name, Action.UPDATE, Reason.DRIFTED, host=on, after=desired(name, on))


def refused(name, on):
    return change(name, Action.REFUSE, Reason.UNMANAGED, host=on, after=desired(name, on), hint="rename it")


SMALL = plan(
    *(in_sync(name, on) for name in ("a:1b", "b:1b") for on in ("cpu", "gpu-01")),
    drifted("c:1b", "cpu"),
    drifted("c:1b", "gpu-01"),
    in_sync(LONG, "cpu"),
    refused(LONG, "gpu-01"),
    create("e:1b", "gpu-01"),
    kept("old:7b", "cpu"),
    hosts=(host("cpu", unmanaged=("theirs",)), host("gpu-01", url="https://user:pw@gpu-01.example", version="0.24.0")),
    unobserved=(silent("gone"),),
)
WIDE = """\
host cpu     http://127.0.0.1:11434     ollama 0.9.3
host gone    http://gone.example:11434  UNREACHABLE
      no connection: connection refused
      hint: is the server running?
host gpu-01  https://gpu-01.example     ollama 0.24.0

               cpu                   gone                  gpu-01
hf.co/Org/A-Model-With-A-Long-Name-GGUF:UD-Q4_K_XL
               ✓ in sync             × unreachable         ! refused
a:1b           ✓ in sync             × unreachable         ✓ in sync
b:1b           ✓ in sync             × unreachable         ✓ in sync
c:1b           ≠ drifted             × unreachable         ≠ drifted
e:1b           ·                     × unreachable         + missing
old:7b         − no longer declared  × unreachable         ·
theirs:latest  ○ not managed         × unreachable         ·

  ! hf.co/Org/A-Model-With-A-Long-Name-GGUF:UD-Q4_K_XL on gpu-01: exists and is
      not ours
      hint: rename it
  ≠ c:1b on cpu, gpu-01: changed by somebody else
  + e:1b on gpu-01: new: huggingface bartowski/SmolLM2-135M-Instruct-GGUF@main
      Q4_K_M (3f1c9a2)

  ✓ in sync             as declared
  ≠ drifted             somebody else changed it
  + missing             declared, and not there
  ! refused             declared, and not to be made as things are
  ○ not managed         there, and neither declared nor ours
  − no longer declared  ours, and no longer declared
  × unreachable         the host does not answer

5 in sync, 2 drifted, 1 missing, 1 refused, 1 not managed, 1 no longer declared, 1
    unreachable.
"""
NARROW = """\
               cpu     gone    gpu-01
hf.co/Org/A-Model-With-A-Long-Name-GGUF:UD-Q4_K_XL
               ✓       ×       !
a:1b           ✓       ×       ✓
b:1b           ✓       ×       ✓
c:1b           ≠       ×       ≠
e:1b           ·       ×       +
old:7b         −       ×       ·
theirs:latest  ○       ×       ·
"""


def matrix(made):
    hosts = (*made.hosts, *made.unobserved)
    return Matrix.of(status_rows(made), sorted(item.host for item in hosts))


def test_a_few_hosts_stand_beside_each_other_with_words():
    assert status_text(SMALL, colour=False, columns=82) == WIDE


def test_a_narrow_terminal_gets_symbols_and_what_they_mean():
    told = status_text(SMALL, colour=False, columns=40)
    assert NARROW in told
    assert "  ≠ drifted             somebody else" in told


def test_a_pipe_gets_all_of_it_in_one_table():
    told = status_text(SMALL, colour=False)
    assert "c:1b           ≠ drifted             × unreachable         ≠ drifted\n" in told
    assert f"{LONG}  ✓ in sync             × unreachable         ! refused\n" in told


def test_a_single_host_is_a_list():
    made = plan(in_sync("a"), hosts=(host(in_sync=1),))
    assert "  in sync  a:latest\n" in status_text(made, colour=False)


def test_hosts_without_models_and_too_little_room_are_lists():
    bare = plan(hosts=(host("a"), host("b")))
    assert status_text(bare, colour=False).count("  no models\n") == 2
    names = [f"{mark * 40}-host" for mark in "ab"]
    cramped = plan(*(in_sync("m", name) for name in names), hosts=[host(name) for name in names])
    assert matrix_lines(matrix(cramped), NONE, 40) == []
    assert "  in sync  m:latest\n" in status_text(cramped, colour=False, columns=40)


def fleet():
    """Return 200 models on 20 hosts, of which one is silent."""
    hosts, kinds = [f"gpu-{number:02d}" for number in range(20)], cycle([in_sync] * 11 + [drifted] + [in_sync] * 7)
    changes = (next(kinds)(f"team/m-{number:03d}", on) for number in range(200) for on in hosts[:-1])
    return plan(*changes, hosts=[host(name) for name in hosts[:-1]], unobserved=[silent(hosts[-1])])


FLEET = fleet()


@pytest.mark.parametrize(("columns", "tables"), [(0, 1), (400, 1), (200, 1), (120, 2), (80, 3), (40, 10)])
def test_a_fleet_is_shown_whole_at_every_width(columns, tables):
    found = matrix(FLEET)
    lines = matrix_lines(found, NONE, columns)
    assert max(map(width, lines)) <= (columns or 1000)
    assert sum(line.startswith(" ") for line in lines) == tables
    cells = sum(line.count("✓") + line.count("≠") + line.count("×") for line in lines)
    assert cells == 20 * 200
    words = sum(line.count("in sync") for line in lines)
    assert (words > 0) == (columns in {0, 400})


def test_a_few_tables_are_shown_with_words():
    made = plan(*(in_sync("m", f"host-{mark}") for mark in "abcd"), hosts=[host(f"host-{mark}") for mark in "abcd"])
    assert matrix_lines(matrix(made), NONE, 35) == [
        "          host-a     host-b",
        "m:latest  ✓ in sync  ✓ in sync",
        "",
        "          host-c     host-d",
        "m:latest  ✓ in sync  ✓ in sync",
    ]


def test_colours_are_in_the_cells_and_nothing_hangs_on_them():
    paint = Paint(wanted=True)
    head, _, row, *_ = matrix_lines(matrix(SMALL), paint, 0)
    assert head.endswith("\x1b[1mgpu-01\x1b[0m")
    assert "\x1b[32m✓ in sync\x1b[0m" in row
    assert "\x1b[31m× unreachable\x1b[0m" in row
    assert any("\x1b[33m≠ drifted" in line for line in matrix_lines(matrix(SMALL), paint, 0))
    assert any("\x1b[33m≠" in line for line in legend_lines(status_rows(SMALL), paint))


def test_every_state_has_a_mark_of_its_own_and_a_meaning():
    assert len({MARKS[state] for state in State}) == len({MEANINGS[state] for state in State}) == len(State)
    assert set(COLOURS.values()) == {Colour.GREEN, Colour.NONE, Colour.RED}


def test_what_is_not_ours_on_one_host_and_declared_on_another_stands_with_what_is_declared():
    a, b, m, n = HostName("a"), HostName("b"), ModelName.parse("z"), ModelName.parse("a")
    rows = [StatusRow(a, m, State.UNMANAGED), StatusRow(b, m, State.IN_SYNC), StatusRow(a, n, State.UNMANAGED)]
    assert [model for model, _ in Matrix.of(rows, [a, b]).models] == [m, n]
