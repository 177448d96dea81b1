"""Makes PyPI's torchvision importable beside a CPU build of torch.

PyPI ships torchvision linked to CUDA only. Beside a CPU torch its C extension cannot load, so the operators it would
define are missing and `import torchvision` fails; with it fail every Qwen-VL processor and the trainers. None of those
call the missing operators: declaring their signatures is enough.
"""

from __future__ import annotations

import importlib
import sys

# The two operators for which torchvision registers shapes without first asking whether its extension has loaded.
_SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# A library's operators live as long as the object that declared them.
_declared: list[object] = []


def install() -> None:
    """Import torchvision; where that fails for want of its operators on a CPU torch, declare them and import again.

    Does nothing where torchvision works or torch has CUDA or ROCm: a failure there is a broken install and is raised.
    """
    import torch

    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if torch.version.cuda or torch.version.hip or "torchvision::" not in str(error):
            raise
        _declare()
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        importlib.import_module("torchvision")


def _declare() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for signature in _SIGNATURES:
        library.define(signature)
    _declared.append(library)
