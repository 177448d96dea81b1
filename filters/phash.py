"""Perceptual hashes, by which near-duplicate pictures are found: 64 bits of a picture, of cuts from it, of its halves.

One hash survives compression and resizing. A copy without a twentieth of its sides has another one, so the hashes of
such cuts are kept too, and the copy meets its original there; a copy with a mark in a corner agrees in one half. A hash
decides nothing: receipts of one shop share theirs. `same_picture` confirms.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from filters.reading.opencv import opencv

THUMB_SIDE = 64

# What is cut from the left, top, right and bottom for each further hash, in shares of the sides. A hash forgives 2 %.
WINDOWS = (
    (0.02, 0.02, 0.02, 0.02),
    (0.045, 0.045, 0.045, 0.045),
    (0.045, 0.045, 0, 0),
    (0, 0.045, 0.045, 0),
    (0.045, 0, 0, 0.045),
    (0, 0, 0.045, 0.045),
    (0.045, 0, 0, 0),
    (0, 0.045, 0, 0),
    (0, 0, 0.045, 0),
    (0, 0, 0, 0.045),
)
HALVES = ((0.0, 0.0, 0.0, 0.5), (0.0, 0.5, 0.0, 0.0))  # the upper and the lower
_LEAST_FREQUENCIES, _NOISE = 24, 2.0  # of 63, above so many levels: fewer, and noise sets the bits

Gray = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]


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
    image has no frequencies, so that its hash means nothing: see `has_structure`.
    """
    return int(_hashes(_frequencies(luma).reshape(1, 64))[0])


def has_structure(luma: Gray) -> bool:
    """Whether enough of the lowest frequencies of luma [H, W] stand above noise for a hash to mean something: not those
    of blank pages, plain gradients, night, two plain halves. All such pictures would share a handful of hashes."""
    return bool(_structured(_frequencies(luma).reshape(1, 64))[0])


def window_hashes(square: Gray) -> list[int | None]:
    """The hashes of a 64x64 thumbnail's WINDOWS, then of its HALVES, then of its mirror image; None where there is no
    structure."""
    rows, columns = _window_transforms()
    parts = np.matmul((rows @ square.astype(np.float64)).reshape(-1, 8, THUMB_SIDE), columns)
    whole = _frequencies(square)
    mirrored = np.where(np.arange(8) % 2 == 1, -whole, whole)  # odd frequencies change their sign
    low = np.concatenate([parts, mirrored[None]]).reshape(-1, 64)
    hashes = _hashes(low).tolist()
    return [each if structured else None for each, structured in zip(hashes, _structured(low).tolist(), strict=True)]


def _frequencies(luma: Gray) -> Doubles:
    """The lowest 8x8 frequencies of luma [H, W] as 32x32 pixels, not normalised."""
    pixels = (halved(luma) if luma.shape == (64, 64) else square_thumbnail(luma, 32)).astype(np.float64)
    return np.asarray(_dct() @ pixels @ _dct().T)


def _hashes(low: Doubles) -> npt.NDArray[np.uint64]:
    """The hashes of rows of 64 frequencies."""
    flat = np.rint(low * 1e6)  # what is 0 but for float noise is 0, so that noise sets no bits
    middle = np.sort(flat, axis=1)[:, 31:33].mean(axis=1, keepdims=True)
    return np.packbits(flat > middle, axis=1).view(">u8").ravel()


def _structured(low: Doubles) -> npt.NDArray[np.bool_]:
    strong = np.abs(low[:, 1:]) > _NOISE * 16  # 16: by how much orthonormal frequencies are smaller
    return np.asarray(strong.sum(axis=1) >= _LEAST_FREQUENCIES)


@functools.lru_cache(maxsize=2048)  # some kB each; working sizes repeat
def _areas(count: int, extent: float, side: int) -> csr_array:
    """How much of each of `count` pixels lies in each of `side` equal parts of `extent`: sparse [side, count]. The last
    pixel may be partly outside; what it shows then stands for less than a pixel."""
    edges = np.linspace(0, extent, side + 1)
    pixels = np.arange(count)
    starts, ends = edges[:-1, None].clip(pixels, pixels + 1), edges[1:, None].clip(pixels, pixels + 1)
    return csr_array((ends - starts).astype(np.float32))


@functools.cache
def _dct() -> Doubles:
    """The eight lowest rows of the 32-point DCT-II, without normalisation."""
    sample, frequency = np.arange(32), np.arange(8)[:, None]
    return np.cos(np.pi * (2 * sample + 1) * frequency / 64)


@functools.cache
def _window_transforms() -> tuple[Doubles, Doubles]:
    """What thumbnails are multiplied with for all WINDOWS and HALVES: rows [n * 8, 64] before, columns [n, 64, 8]
    after."""
    windows = (*WINDOWS, *HALVES)
    rows = np.concatenate([_cut(top, bottom) for _, top, _, bottom in windows])
    return rows, np.stack([_cut(left, right).T for left, _, right, _ in windows])


def _cut(before: float, after: float) -> Doubles:
    """The transform of 32 equal parts of a side without its first and last share."""
    edges = np.linspace(before * THUMB_SIDE, (1 - after) * THUMB_SIDE, 33)
    pixels = np.arange(THUMB_SIDE)
    starts, ends = edges[:-1, None].clip(pixels, pixels + 1), edges[1:, None].clip(pixels, pixels + 1)
    areas = ends - starts
    return np.asarray(_dct() @ (areas / areas.sum(axis=1, keepdims=True)))
