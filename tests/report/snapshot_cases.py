"""Plans that were made from a snapshot."""

from dataclasses import replace

from reconciler.core.change import Cost
from reconciler.core.snapshot import AsOf
from tests.report.builders import MB, address, create, host, in_sync, plan, silent

TAKEN = AsOf("2026-11-22T12:00:00.000Z", 3 * 3600)


def snapshot():
    """Costs that are the most that they can be, for nothing and for a part of it; a host that is not in it."""
    made = plan(
        create("all:1b"),
        create("rest:1b"),
        in_sync("a"),
        hosts=(host(in_sync=1),),
        unobserved=(silent("gpu-9", "it is not in the snapshot", ""),),
    )
    costs = ((address("all:1b"), Cost(98_400_000, 98_400_000, at_most=True)), (address("rest:1b"), Cost(MB, MB, True)))
    return replace(made, costs=costs, as_of=TAKEN)


SNAPSHOTS = {
    "snapshot": snapshot(),
    "snapshot_other_records": replace(
        plan(in_sync("a"), hosts=(host(in_sync=1),)), as_of=replace(TAKEN, age=-5, own_records=False)
    ),
}
