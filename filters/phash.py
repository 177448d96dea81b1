"""Near duplicates: a 64-bit perceptual hash to find candidates, a thumbnail to confirm them.

The hash alone decides nothing: receipts of one shop and pages of text share hashes within a few bits. Confirm a
candidate with `thumbnail_distance`, and mind that even equal images under different questions are different samples.
"""

from __future__ import annotations

import base64
import functools
import itertools

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from filters.reading.opencv import opencv

THUMB_SIDE = 64

_CELLS = 16  # the grid on which thumbnails are compared: fine enough for layout, coarse enough to forgive resampling
_CROPS = (0.005, 0.01, 0.015, 0.02, 0.025)  # shares cut off each side that the comparison undoes
_GAIN = 1.25  # contrast and brightness changes that it forgives
_OFFSET = 40.0

Gray = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def square_thumbnail(luma: Gray, side: int = THUMB_SIDE, extent: tuple[float, float] | None = None) -> Gray:
    """Luma [H, W] to uint8 [side, side], each pixel the mean of the area it covers, whatever the proportions.

    `extent` is the (height, width) that the picture really has in these pixels where its last row and column are only
    partly filled, as those of a JPEG that was reduced while it was decoded. Large images are first halved; from there
    areas are exact to fractions of a pixel, because an image that has been resized must give the same thumbnail.
    """
    height, width = extent or luma.shape
    while min(luma.shape) >= 2.5 * side:
        luma, height, width = halved(luma), height / 2, width / 2
    rows, columns = _areas(luma.shape[0], height, side), _areas(luma.shape[1], width, side)
    sums = rows @ (columns @ luma.T.astype(np.float32)).T  # sparse: each pixel is in one or two areas a side
    return np.asarray(opencv().convertScaleAbs(sums, alpha=side * side / (height * width)))


def halved(luma: Gray) -> Gray:
    """Means of 2x2 pixels, [ceil(H / 2), ceil(W / 2)]; an odd last row or column is repeated."""
    cv2 = opencv()
    height, width = luma.shape
    if height % 2 or width % 2:
        luma = cv2.copyMakeBorder(luma, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(luma, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA))


def phash64(luma: Gray) -> int:
    """The 64-bit DCT hash of luma [H, W]: 32x32 pixels by area, the lowest 8x8 frequencies, above the median or not.

    The bits and their order are those of `imagehash.phash` on the same 32x32 pixels; only the resize differs. A flat
    image has no frequencies, so that its hash means nothing: see the signal `phash`.
    """
    pixels = (halved(luma) if luma.shape == (64, 64) else square_thumbnail(luma, 32)).astype(np.float64)
    transform = _dct()
    # What is 0 but for float noise is 0, so that noise sets no bits.
    low = np.rint((transform @ pixels @ transform.T).ravel() * 1e6)
    middle = np.sort(low)[31:33]
    return int.from_bytes(np.packbits(low > (middle[0] + middle[1]) / 2).tobytes(), "big")


def bands(hash_hex: str, count: int, shared: int = 1) -> list[str]:
    """Keys for a join that finds all pairs within Hamming distance `count - shared`: they share at least one key.

    The 64 bits are cut into `count` bands. Two hashes that differ in d bits differ in at most d bands (pigeonhole), so
    with d <= count - shared at least `shared` bands are equal, and each combination of `shared` bands is a key. More
    shared bands give more keys (count choose shared) of more bits each (about 64 * shared / count), so fewer false
    candidates. Distance 10: 11 bands give 11 keys of 6 bits, useless on a million images; 13 bands with 3 shared give
    286 keys of 15 bits.

    Raises ValueError where `hash_hex` is not 16 hex digits, or not 1 <= shared <= count <= 64.
    """
    if len(hash_hex) != 16 or not 1 <= shared <= count <= 64:
        raise ValueError(f"bands needs 16 hex digits and 1 <= shared <= count <= 64: {hash_hex!r}, {count}, {shared}")
    bits = f"{int(hash_hex, 16):064b}"
    edges = [64 * band // count for band in range(count + 1)]
    parts = [f"{band}:{bits[start:end]}" for band, (start, end) in enumerate(itertools.pairwise(edges))]
    return ["|".join(chosen) for chosen in itertools.combinations(parts, shared)]


def encode_thumbnail(thumbnail: Gray) -> str:
    """A uint8 [THUMB_SIDE, THUMB_SIDE] thumbnail as base64 text (5,464 characters)."""
    return base64.b64encode(thumbnail.tobytes()).decode("ascii")


def decode_thumbnail(text: str) -> Gray:
    """Raises ValueError where `text` is not what `encode_thumbnail` wrote."""
    data = base64.b64decode(text, validate=True)
    if len(data) != THUMB_SIDE**2:
        raise ValueError(f"a thumbnail has {THUMB_SIDE**2} bytes, not {len(data)}")
    return np.frombuffer(data, dtype=np.uint8).reshape(THUMB_SIDE, THUMB_SIDE)


def thumbnail_distance(a: Gray, b: Gray) -> float:
    """How far two thumbnails [THUMB_SIDE, THUMB_SIDE] are apart, in luma levels (0 to 255): the largest difference in
    any cell of a 16x16 grid, after undoing a change of brightness or contrast and a cut of up to 2.5 % off each side.

    The largest and not the mean: two screens or receipts may differ in one place. Colour is not compared.

    Measured on reduced decodes of scanned receipts, screens, blood smears and pictures of documentation: after JPEG at
    quality 50, resizing by 50 to 90 % and darkening all but the last kind stay within 10 bits of the hash and 10
    levels; of the last, with its hairlines, 94 to 97 %. Of images cut by 2 % on each side 82-100 % are. Different
    receipts are at least 10.8 levels apart. Screens that differ by a letter or a hidden state are closer (from 1.5): no
    thumbnail tells them apart. Hence a recipe's defaults, 10 bits to be a candidate and 10 levels to be a duplicate.
    """
    first: Floats = a.astype(np.float32)
    second: Floats = b.astype(np.float32)
    distances = [_largest_difference(first, second)]
    for crop in _crops():
        distances.append(_largest_difference(_cut(first, crop), second))
        distances.append(_largest_difference(first, _cut(second, crop)))
    return min(distances)


def _cut(thumbnail: Floats, crop: Floats) -> Floats:
    return (crop @ thumbnail @ crop.T).astype(np.float32)


def _largest_difference(a: Floats, b: Floats) -> float:
    a, b = _cells(a), _cells(b)
    spread_a, spread_b = float(a.std()), float(b.std())
    gain = min(max(spread_a / spread_b, 1 / _GAIN), _GAIN) if spread_b > 0 else 1.0
    beyond = max(0.0, abs(float(a.mean() - b.mean())) - _OFFSET)
    return float(np.abs((a - a.mean()) - gain * (b - b.mean())).max()) + beyond


def _cells(thumbnail: Floats) -> Floats:
    size = THUMB_SIDE // _CELLS
    cells: Floats = thumbnail.reshape(_CELLS, size, _CELLS, size).mean(axis=(1, 3))
    return cells


@functools.lru_cache(maxsize=2048)  # some kB each; working sizes repeat
def _areas(count: int, extent: float, side: int) -> csr_array:
    """How much of each of `count` pixels lies in each of `side` equal parts of `extent`: sparse [side, count]. The last
    pixel may be partly outside; what it shows then stands for less than a pixel."""
    edges = np.linspace(0, extent, side + 1)
    pixels = np.arange(count)
    starts, ends = edges[:-1, None].clip(pixels, pixels + 1), edges[1:, None].clip(pixels, pixels + 1)
    return csr_array((ends - starts).astype(np.float32))


@functools.cache
def _dct() -> npt.NDArray[np.float64]:
    """The eight lowest rows of the 32-point DCT-II, without normalisation."""
    sample, frequency = np.arange(32), np.arange(8)[:, None]
    return np.cos(np.pi * (2 * sample + 1) * frequency / 64)


@functools.cache
def _crops() -> tuple[Floats, ...]:
    """For each of _CROPS the [THUMB_SIDE, THUMB_SIDE] matrix that reads a thumbnail's inner part by interpolation."""
    return tuple(_crop(share) for share in _CROPS)


def _crop(share: float) -> Floats:
    centres = (np.arange(THUMB_SIDE) + 0.5) / THUMB_SIDE
    position = (share + centres * (1 - 2 * share)) * THUMB_SIDE - 0.5
    left = position.clip(0, THUMB_SIDE - 2).astype(int)
    fraction = position - left
    matrix = np.zeros((THUMB_SIDE, THUMB_SIDE), dtype=np.float32)
    matrix[np.arange(THUMB_SIDE), left] = 1 - fraction
    matrix[np.arange(THUMB_SIDE), left + 1] = fraction
    return matrix
