"""One training in a process of its own: ours as its settings say, or TRL's plain way with the same rows.

python -m tests.benchmarks.training_child WAY TABLE SETTINGS_JSON
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from curation.contract.training import DpoSettings, TrainSettings
from model.offline import prepare
from model.shipped import checkpoint_path

prepare()

import torch  # noqa: E402  what `prepare` says must be said before
from datasets import Dataset  # noqa: E402
from PIL import Image  # noqa: E402

import trainer.dpo  # noqa: E402
import trainer.pairs  # noqa: E402
from curation.contract.dataset import RenderedRow  # noqa: E402
from model.image import decode  # noqa: E402
from model.inputs import fit_processor, shown  # noqa: E402
from model.load import load_checkpoint  # noqa: E402
from model.policy import lora_targets  # noqa: E402
from trainer.data import RenderedDataset, open_dataset, open_pairs  # noqa: E402
from trainer.sft import train_sft  # noqa: E402

PLAIN_BATCH = 4  # rows, or pairs


class Tower:
    """Counts the images that vision towers are given, and when."""

    def __init__(self) -> None:
        self.images: list[tuple[float, int]] = []
        from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl

        tower = modeling_qwen2_5_vl.Qwen2_5_VisionTransformerPretrainedModel
        forward = tower.forward

        def counted(each: Any, hidden_states: torch.Tensor, grid_thw: torch.Tensor, **named: Any) -> Any:
            self.images.append((time.monotonic(), len(grid_thw)))
            return forward(each, hidden_states, grid_thw=grid_thw, **named)

        tower.forward = counted

    def since(self, moment: float) -> int:
        return sum(count for at, count in self.images if at >= moment)


def main() -> None:
    way, table, given = sys.argv[1:]
    settings: dict[str, Any] = json.loads(given)
    tower, moments = Tower(), [time.monotonic()]
    runs: dict[str, Callable[[], Any]] = {
        "sft": lambda: ours(table, settings, moments),
        "dpo": lambda: ours_dpo(table, settings, moments),
        "plain_sft": lambda: plain_sft(table, settings),
        "plain_dpo": lambda: plain_dpo(table, settings),
    }
    with torch.random.fork_rng(devices=[]):
        started = time.monotonic()
        told = runs[way]()
    seconds = time.monotonic() - started
    middle = moments[len(moments) // 2]
    print(
        json.dumps(
            {
                "seconds": round(seconds, 2),
                "tower_images": tower.since(0),
                "tower_images_in_second_half": tower.since(middle),
                "tower_images_in_steps": tower.since(moments[1]) if len(moments) > 1 else None,
                **told,
            }
        )
    )


def ours(table: str, settings: dict[str, Any], moments: list[float]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        told = train_sft(table, TrainSettings(**settings), f"{folder}/out", lambda *_: moments.append(time.monotonic()))
    return _of(told)


def ours_dpo(table: str, settings: dict[str, Any], moments: list[float]) -> dict[str, Any]:
    if not settings.pop("sharing", True):
        trainer.pairs.BRANCHING = ()  # no back-end shares prompts
    with tempfile.TemporaryDirectory() as folder:
        told = trainer.dpo.train_dpo(
            table,
            DpoSettings(**settings),
            checkpoint_path("nano"),
            f"{folder}/out",
            lambda *_: moments.append(time.monotonic()),
        )
    return _of(told)


def _of(told: dict[str, Any]) -> dict[str, Any]:
    if told["left_out"]:
        raise RuntimeError(f"{len(told['left_out'])} samples were left out: the ways would not train on the same ones")
    return {"loss": told["losses"][-1], **told["plan"]}


def plain_sft(table: str, settings: dict[str, Any]) -> dict[str, Any]:
    """TRL's own collator and trainer: rows padded to the longest of a batch, images through the tower each time."""
    from trl import SFTConfig, SFTTrainer

    data = open_dataset(table, "train")
    model, processor, adapter = _plain(data, settings)
    rows = [{"messages": _messages(row), "images": _images(row, data)} for row in data.rows]
    loop = SFTTrainer(
        model=model,
        args=SFTConfig(**_plain_arguments(settings)),
        train_dataset=Dataset.from_list(rows),
        processing_class=processor,
        peft_config=adapter,
    )
    loop.train()
    return {"loss": loop.state.log_history[-2]["loss"]}


def plain_dpo(table: str, settings: dict[str, Any]) -> dict[str, Any]:
    """TRL's own: the image twice for the policy and twice for the reference, which is the model without its adapter."""
    from trl import DPOConfig, DPOTrainer

    pairs = open_pairs(table, "train")
    model, processor, adapter = _plain(pairs.chosen, settings)
    rows = []
    for row in pairs.chosen.rows:
        chosen, rejected = (_messages(each) for each in (row, pairs.rejected[row.row_id]))
        pair = {"prompt": chosen[:-1], "chosen": chosen[-1:], "rejected": rejected[-1:]}
        rows.append({**pair, "images": _images(row, pairs.chosen)})
    loop = DPOTrainer(
        model=model,
        args=DPOConfig(**_plain_arguments(settings), beta=0.1),
        train_dataset=Dataset.from_list(rows),
        processing_class=processor,
        peft_config=adapter,
    )
    loop.train()
    return {"loss": loop.state.log_history[-2]["loss"]}


def _plain(data: RenderedDataset, settings: dict[str, Any]) -> tuple[Any, Any, Any]:
    from peft import LoraConfig

    loaded = load_checkpoint(checkpoint_path("nano"), dtype=torch.float32)
    fit_processor(loaded.processor, data.preprocessing.min_pixels, data.preprocessing.max_pixels)
    targets = lora_targets(loaded.model, "llm")
    adapter = LoraConfig(r=16, lora_alpha=32, target_modules=targets, task_type="CAUSAL_LM")
    return loaded.model, loaded.processor, adapter


def _plain_arguments(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "output_dir": tempfile.mkdtemp(),
        "per_device_train_batch_size": PLAIN_BATCH,
        "num_train_epochs": settings.get("epochs", 1),
        "learning_rate": settings["learning_rate"],
        "max_length": None,
        "use_cpu": True,
        "bf16": False,
        "activation_checkpointing": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }


def _messages(row: RenderedRow) -> list[dict[str, Any]]:
    """The row's turns as TRL takes them; rendered again by the template they are the row."""
    turns = re.findall(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>", row.joined, re.DOTALL)
    return [{"role": role, "content": _parts(said)} for role, said in turns]


def _parts(said: str) -> list[dict[str, str]]:
    pieces = re.split(r"(<\|vision_start\|><\|image_pad\|><\|vision_end\|>)", said)
    return [
        {"type": "image", "text": ""} if piece.startswith("<|vision_start|>") else {"type": "text", "text": piece}
        for piece in pieces
        if piece
    ]


def _images(row: RenderedRow, data: RenderedDataset) -> list[Image.Image]:
    return [Image.fromarray(decode(data.image(medium), medium.orientation)) for medium in shown(row)]


if __name__ == "__main__":
    main()
