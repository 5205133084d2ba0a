"""The header of a safetensors file: its length in 8 bytes, then JSON that names every tensor's type and shape."""

import json
from collections import Counter
from math import prod

from reconciler.core.frozen import dataclass
from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_bytes import Readable

_MOST = 1 << 25  # bytes of a header; the format's own limit is 100 MB, real ones have a few
_MOST_ELEMENTS = 1 << 48  # of one tensor


@dataclass(frozen=True, slots=True)
class SafetensorsHeader:
    """What a file says about its tensors."""

    elements: tuple[tuple[str, int], ...]  # by type (BF16, F32, …), the most first

    @property
    def parameters(self) -> int:
        """Return the elements of all tensors."""
        return sum(count for _, count in self.elements)


def safetensors_header_of(file: Readable, size: int, name: str) -> SafetensorsHeader:
    """Return the header of a file of `size` bytes; raises Unusable where it is broken or cut off."""
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= min(_MOST, size - 8):
        raise _broken(name, "its header does not fit into it")
    try:
        tensors = json.loads(file.read(length))
        entries = [tensor for key, tensor in tensors.items() if key != "__metadata__"]
        counts: Counter[str] = Counter()
        for tensor in entries:
            counts[str(tensor["dtype"])] += _elements(tensor["shape"])
        end = max((int(tensor["data_offsets"][1]) for tensor in entries), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise _broken(name, "its header can't be read") from error
    if 8 + length + end > size:
        raise Unusable(
            f"{name} is truncated: it has {size} bytes and needs {8 + length + end}", hint="download it anew"
        )
    return SafetensorsHeader(tuple(counts.most_common()))


def _elements(shape: object) -> int:
    if not isinstance(shape, list) or not all(isinstance(side, int) and side >= 0 for side in shape):
        raise TypeError("not a shape")
    elements = prod(shape)
    if elements > _MOST_ELEMENTS:
        raise ValueError("an absurd tensor")
    return elements


def _broken(name: str, why: str) -> Unusable:
    return Unusable(f"{name} is not a sound safetensors file: {why}", hint="download it anew")
