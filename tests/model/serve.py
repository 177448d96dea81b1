"""`transformers serve` as a user of a CPU build of torch can't start it: torchvision's image decoder, which needs CUDA
there, is ours."""

from __future__ import annotations

from typing import Any

from model.offline import prepare

prepare()

import torch  # noqa: E402
import torchvision.io  # noqa: E402
from transformers.cli.transformers import main  # noqa: E402

from model.image import decode  # noqa: E402


def decode_image(data: torch.Tensor, mode: Any = None, apply_exif_orientation: bool = False) -> torch.Tensor:
    """Encoded bytes as a tensor to RGB [3, H, W]."""
    pixels = decode(data.numpy().tobytes(), None if apply_exif_orientation else 1)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


torchvision.io.decode_image = decode_image
main()
