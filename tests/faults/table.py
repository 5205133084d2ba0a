"""The table of faults: every fault, where it strikes, what was to be seen, and what became of the models.

`python -m tests.faults.table` makes each of them happen and prints what was observed. The column `after`
tells which model answered `show` right after the fault, and what came of the next apply and the plan after it.
"""

import tempfile
from pathlib import Path

from tests.faults import answers, disks, hub, killed, restarted, signals
from tests.faults.places import Parts
from tests.faults.rows import Row

TABLE: tuple[Row, ...] = (*killed.ROWS, *restarted.ROWS, *answers.ROWS, *hub.ROWS, *disks.ROWS, *signals.ROWS)


def observe(row: Row, folder: Path, parts: Parts) -> tuple[str, str, str]:
    """Make a fault happen; return what was to be seen, which model answered then, and what came afterwards."""
    with row.place(folder, parts) as scene:
        seen = row.happens(scene)
        row.mend(scene)
        return str(seen), scene.answers(), scene.converges()


def main() -> None:
    """Print the whole table with what is observed on this machine."""
    print("fault | point | seen | after", "--- | --- | --- | ---", sep="\n")
    with tempfile.TemporaryDirectory() as folder, Parts(Path(folder, "parts")) as parts:
        for number, row in enumerate(TABLE):
            place = Path(folder, str(number))
            place.mkdir()
            lacking = row.missing
            seen, answered, then = (f"not tried: {lacking}", "", "") if lacking else observe(row, place, parts)
            print(row.fault, row.point, seen[:100], f"{answered} answered, then {then}", sep=" | ", flush=True)


if __name__ == "__main__":
    main()
