"""Where tokens are: M-RoPE's three positions, from ids and the images' grids alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]


def mrope_positions(
    ids: Sequence[int], grids: Sequence[Sequence[int]], image_id: int, merge_size: int
) -> tuple[Positions, int]:
    """Positions [3, len(ids)] (time, row, column) of one sample, and the position that follows its last token.

    Text counts on in all three. An image's tokens share its first position in time and count rows and columns from it;
    what follows goes on behind the longer side. `grids` are (1, rows, columns) in patches, in the order of the text.
    As `get_rope_index` of Qwen2-VL, Qwen2.5-VL and Qwen3-VL in transformers 5 for still images (Qwen2-VL, arXiv
    2409.12191, section 2.1). Raises ValueError where ids and grids do not belong together.
    """
    parts: list[Positions] = []
    at = following = 0
    for time, height, width in grids:
        rows, columns = height // merge_size, width // merge_size
        start = _next_image(ids, image_id, at)
        end = start + time * rows * columns
        if any(token != image_id for token in ids[start:end]) or end > len(ids):
            raise ValueError(f"an image of {time * rows * columns} tokens does not fill its place in the text")
        parts.append(_counted(start - at, following))
        following += start - at
        parts.append(np.indices((time, rows, columns)).reshape(3, -1) + following)
        following += max(rows, columns)
        at = end
    if image_id in ids[at:]:
        raise ValueError(f"there are more image tokens than {len(grids)} images have")
    parts.append(_counted(len(ids) - at, following))
    return np.concatenate(parts, axis=1), following + len(ids) - at


def _counted(count: int, start: int) -> Positions:
    return np.broadcast_to(np.arange(start, start + count), (3, count))


def _next_image(ids: Sequence[int], image_id: int, at: int) -> int:
    try:
        return list(ids).index(image_id, at)
    except ValueError:
        raise ValueError("there are more images than the text shows") from None
