"""What the tests of `check` share: files to look at, and a judgement of the manifest that it proposes."""

import json
import struct
from pathlib import Path

CONFIG = {"architectures": ["LlamaForCausalLM"], "max_position_embeddings": 2048}


def safetensors(*shape: int, kind: str = "BF16") -> bytes:
    """Return a file with one tensor of this shape, two bytes an element."""
    size = 2
    for side in shape:
        size *= side
    header = json.dumps({"w": {"dtype": kind, "shape": list(shape), "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * size


def declared(reconciler, told: dict[str, object]) -> str:
    """Return what `validate` says of the manifest that was proposed; local files lie in its folder."""
    Path("manifests/proposed.yaml").write_text(str(told["manifest"]))
    result = reconciler("validate", "manifests/proposed.yaml")
    assert result.status == 0, result.err
    return str(told["manifest"])
