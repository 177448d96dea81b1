"""OpenCV when it is first needed: the import costs a tenth of a second, and threads are the caller's business."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def opencv() -> Any:
    """The module `cv2`, held to one thread: a worker measures one image on one core."""
    import cv2

    cv2.setNumThreads(1)
    return cv2
