"""The one place that sets up the torch libraries. They read their environment when they are first imported, so
`prepare` runs before that: the `trainer` package calls it first of all, the torch side of `model` inside its functions.
"""

from __future__ import annotations

import os

from model.torchvision_cpu import install

_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",  # covers TRL's telemetry as well
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # transformers draws one for each file that it reads or writes
    "TOKENIZERS_PARALLELISM": "false",  # its threads and forked data workers deadlock
}


def prepare() -> None:
    """No network, no telemetry, and a torchvision that imports. A variable that the user has set stays as it is."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    install()
