"""A fastText model file made by hand: training one on a few lines ends in NaN about every other time."""

from __future__ import annotations

import struct
from collections.abc import Mapping


def fasttext_model(labels: Mapping[str, str]) -> bytes:
    """A model file that knows two words, each with a vector of length 5 that points at the word's label."""
    (first, one), (second, other) = labels.items()
    sizes = struct.pack("<12i", 2, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100)  # 2 dimensions, softmax, supervised, no n-grams
    entries = [(first, 0), (second, 0), (f"__label__{one}", 1), (f"__label__{other}", 1)]
    words = b"".join(name.encode() + b"\0" + struct.pack("<qb", 1, kind) for name, kind in entries)
    vectors = struct.pack("<?qq4f", False, 2, 2, 5, 0, 0, 5)
    outputs = struct.pack("<?qq4f", False, 2, 2, 1, 0, 0, 1)
    head = struct.pack("<ii", 793712314, 12) + sizes + struct.pack("<d", 1e-4)
    return head + struct.pack("<3i2q", 4, 2, 2, 4, -1) + words + vectors + outputs
