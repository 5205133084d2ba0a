"""A plan with a split model: on one host already, merged here for the second, sent in parts to the third."""

from dataclasses import replace

from reconciler.core.change import Cost
from reconciler.core.parts import passed_on
from reconciler.core.steps import Blob, Upload
from tests.report.builders import create, digest, host, import_steps, plan

_PARTS = tuple(Blob(digest(f"part {n}"), 32_800_000, "huggingface", (("file", f"m-{n}"),)) for n in (1, 2, 3))
_UPLOAD, _CREATE, *_REST = import_steps("big")
assert isinstance(_UPLOAD, Upload)
_STEPS = (Upload(replace(_UPLOAD.blob, parts=_PARTS)), _CREATE, *_REST)


def _passed_on(title):
    change = create("big", title, steps=_STEPS)
    assert change.after is not None
    after = passed_on(change.after, "0.30.0")
    return replace(change, after=after, steps=after.steps)


_CHANGES = (create("big", "known", steps=_STEPS), create("big", "old", steps=_STEPS), _passed_on("young"))
_COSTS = (Cost(), Cost(98_400_000, 98_400_000), Cost(98_400_000, 196_800_000))
PARTS = replace(
    plan(*_CHANGES, hosts=(host("known"), host("old"), host("young", version="0.30.0"))),
    costs=tuple((change.address, cost) for change, cost in zip(_CHANGES, _COSTS, strict=True)),
)
