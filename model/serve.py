"""`transformers serve`, offline and with our decoder: a served checkpoint sees the pixels that it was trained on.

Run as `python -m model.serve serve FOLDER`; everything after the module's name is transformers' own. Beside a CPU build
of torch its decoder, torchvision's, would not run at all. Pictures have to come with the request (or from an address
that it names): the files of this machine stay closed to whoever asks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.offline import prepare

if TYPE_CHECKING:
    import torch


def decode_image(data: Any, mode: Any = None, apply_exif_orientation: bool = False) -> torch.Tensor:
    """Encoded bytes, a tensor of one dimension, to RGB [3, H, W]; what `torchvision.io.decode_image` is called for.

    Raises `ValueError` for a path, `ImageError` for bytes that are no image of an allowed format.
    """
    import torch

    from model.image import decode

    if isinstance(data, str):
        raise ValueError("the picture is a path on the server; send its bytes, as a data: URL")
    pixels = decode(data.numpy().tobytes(), None if apply_exif_orientation else 1)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


def main() -> None:
    prepare()
    import torchvision.io
    from huggingface_hub.constants import HF_HUB_CACHE
    from transformers.cli.transformers import main as transformers

    torchvision.io.decode_image = decode_image
    Path(HF_HUB_CACHE).mkdir(parents=True, exist_ok=True)  # it is listed for /v1/models, and has to be there
    transformers()


if __name__ == "__main__":
    main()
