"""What other trainers take for the same training on the same CPU: seconds, CPU seconds and useful tokens per second.

python -m tests.benchmarks.training --cache /tmp/mix --peer ms-swift --peer llamafactory --json

Each of `PEERS` trains in an environment of its own under the cache folder, with the same torch as ours: the same rows
in its own format with images as files, from the same checkpoint, rank 16 on all linear layers of the language model,
the tower and its aligner frozen, float32, padded batches of four as in the plain way. Without flash-attn ms-swift
refuses to pack; LLaMA-Factory's packing is not tried. Neither runs on nano as it is, so these are changed:

- A copy of nano names float32 in `config.json`, since LLaMA-Factory loads the numbers that it names, and the rows'
  pixel budget in `processor_config.json`.
- ms-swift holds the number of Qwen's image token in its code; nano's takes its place while it runs. It is told not to
  ask the network whether the folder is the newest, for which it would wait.
- LLaMA-Factory shrinks large images before the family's own resize and so comes to other sizes; it is told not to, so
  that it trains on our tokens. It imports torchaudio, for sound alone; where that is built for CUDA only, an empty
  module stands in for it.

`tokens` are those that a peer trained on, without padding: the same as our `useful_tokens`, or it saw something else.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from curation.contract.dataset import RenderedMedia, RenderedRow
from model.image import decode
from model.shipped import checkpoint_path
from tests.benchmarks.cpu import Used, run_tree
from tests.benchmarks.real_mix import ROOT

if TYPE_CHECKING:  # it imports torch
    from trainer.data import Preprocessing, RenderedDataset

BATCH = 4  # rows, as in the plain way
LONGEST = 8192  # tokens of a row: what nano takes, so that no row is cut or left out
_IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
_TELLING = re.compile(r"^(?:ERROR: (?!ResolutionImpossible)|[\w.]*(?:Error|Exception|Interrupt|Exit)\b)")
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUDA_VISIBLE_DEVICES": "",
}
_RUN = """
import importlib.machinery
import json
import runpy
import sys
import time
import types

fix, name, settings, out = *sys.argv[1:3], json.loads(sys.argv[3]), sys.argv[4]
kept = runpy.run_path(fix)  # PyPI's torchvision beside a CPU build of torch
kept["install"]()
try:
    import torchaudio
except OSError:  # built for CUDA alone
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    sys.modules["torchaudio"].__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
except ImportError: pass  # ms-swift does not ask for it

import peft, transformers, trl
from transformers import Qwen2_5_VLForConditionalGeneration

told = {"tokens": 0}
train, step = transformers.Trainer.train, transformers.Trainer.training_step


def watched(self, *given, **named):
    result = train(self, *given, **named)
    told["loss"] = [entry["loss"] for entry in self.state.log_history if "loss" in entry][-1]
    return result


def counted(self, model, inputs, *given, **named):
    told["tokens"] += int(inputs["attention_mask"].sum())
    return step(self, model, inputs, *given, **named)


transformers.Trainer.train, transformers.Trainer.training_step = watched, counted
if name == "ms-swift":
    from swift.pipelines import sft_main
    from swift.template.templates.qwen import Qwen2VLTemplate

    Qwen2VLTemplate.image_token_id = settings.pop("image_token_id")
    given = [part for key, value in settings.items() for part in ("--" + key, str(value))]
    run = lambda: sft_main(given)
else:
    from llamafactory.train.tuner import run_exp

    run = lambda: run_exp(settings)
started = time.monotonic()
run()
seconds = round(time.monotonic() - started, 2)
with open(out, "w") as file:
    json.dump({"seconds": seconds, **told}, file)
"""


def measure(
    names: Sequence[str], table: str, cache: Path, scratch: Path, epochs: float, learning_rate: float
) -> dict[str, dict[str, Any]]:
    """What each of `PEERS` tells of its training, or its error; environments stay in `cache`."""
    from trainer.data import open_dataset

    data = open_dataset(table, "train")
    return {name: _measured(name, data, cache, scratch / name, epochs, learning_rate) for name in names}


def compared(told: Mapping[str, Any], tokens: int, seconds: float) -> dict[str, Any]:
    """A peer's figures beside ours for so many useful tokens in `seconds`."""
    if "error" in told:
        return dict(told)
    rate, ratio = round(tokens / told["seconds"], 1), round(told["seconds"] / seconds, 2)
    return {"useful_tokens_per_s": rate, "ratio": ratio, **told}


def _measured(
    name: str, data: RenderedDataset, cache: Path, work: Path, epochs: float, learning_rate: float
) -> dict[str, Any]:
    try:
        python = _install(cache / "peers" / name, PEERS[name].needs)
        _prepare(data, work)
        settings = {**_common(work, epochs, learning_rate), **PEERS[name].settings(work, data.preprocessing)}
        used = _train(name, python, work, settings, data.preprocessing)
        told: dict[str, Any] = json.loads((work / "told.json").read_text())
    except (RuntimeError, OSError, ValueError, subprocess.CalledProcessError) as error:
        return {"error": telling(str(error))}
    return {**told, "cpu_s": round(used.cpu, 1), "peak_gb": round(used.peak / 1e9, 2)}


def telling(output: str) -> str:
    """The last line that names an error, or the last one of all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if _TELLING.match(line)), lines[-1] if lines else "")


def _install(home: Path, needs: Sequence[str]) -> Path:
    """The Python of an environment with what is asked for, made once. Raises RuntimeError with pip's output."""
    python, ready = home / "bin" / "python", home / ".ready"
    wanted = [*needs, *(f"{name}=={version(name).partition('+')[0]}" for name in ("torch", "torchvision"))]
    if ready.exists() and ready.read_text() == " ".join(wanted):
        return python
    venv.create(home, with_pip=True, clear=True)
    made = subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], capture_output=True, text=True)
    if made.returncode:
        raise RuntimeError(f"{made.stdout}{made.stderr}"[-3000:])
    ready.write_text(" ".join(wanted))
    return python


def _prepare(data: RenderedDataset, work: Path) -> None:
    """The checkpoint and the rows, beside the register by which LLaMA-Factory finds them; ms-swift needs none."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "images").mkdir(parents=True)
    _copy(work / "nano", data.preprocessing)
    rows = [{"messages": _messages(row), "images": _files(row, data, work / "images")} for row in data.rows]
    (work / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    tags = {"role_tag": "role", "content_tag": "content"}
    tags |= {f"{role}_tag": role for role in ("system", "user", "assistant")}
    columns = {"messages": "messages", "images": "images"}
    entry = {"file_name": "rows.jsonl", "formatting": "sharegpt", "columns": columns, "tags": tags}
    (work / "dataset_info.json").write_text(json.dumps({"rows": entry}), encoding="utf-8")


def _copy(folder: Path, pixels: Preprocessing) -> None:
    """Nano with the rows' pixel budget: its own is another, and peers resize by it."""
    shutil.copytree(checkpoint_path("nano"), folder)
    size = {"shortest_edge": pixels.min_pixels, "longest_edge": pixels.max_pixels}
    _change(folder / "config.json", lambda settings: settings.update(dtype="float32"))
    _change(folder / "processor_config.json", lambda settings: settings["image_processor"].update(size=size))


def _change(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    settings = json.loads(path.read_text(encoding="utf-8"))
    change(settings)
    path.write_text(json.dumps(settings), encoding="utf-8")


def _messages(row: RenderedRow) -> list[dict[str, str]]:
    """The row's turns; rendered again by the family's template they are the row."""
    turns = re.findall(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>", row.joined, re.DOTALL)
    return [{"role": role, "content": said.replace(_IMAGE, "<image>")} for role, said in turns]


def _files(row: RenderedRow, data: RenderedDataset, folder: Path) -> list[str]:
    from model.inputs import shown

    return [str(_file(medium, data, folder).absolute()) for medium in shown(row)]


def _file(medium: RenderedMedia, data: RenderedDataset, folder: Path) -> Path:
    """The image as it came, or where it lies turned as it is displayed: peers do not turn it."""
    turned = medium.orientation != 1
    path = folder / f"{medium.sha256}.{'png' if turned else medium.mime.rpartition('/')[2]}"
    if turned:
        Image.fromarray(decode(data.image(medium), medium.orientation)).save(path)
    else:
        path.write_bytes(data.image(medium))
    return path


def _train(name: str, python: Path, work: Path, settings: Mapping[str, Any], pixels: Preprocessing) -> Used:
    fix, out = str(ROOT / "model" / "torchvision_cpu.py"), str(work / "told.json")
    command = [str(python), "-W", "ignore", "-c", _RUN, fix, name, json.dumps(settings), out]
    caches = {key: str(work / "cache") for key in ("HF_HOME", "MODELSCOPE_CACHE")}  # what earlier runs kept is no gift
    budget = {"MIN_PIXELS": str(pixels.min_pixels), "MAX_PIXELS": str(pixels.max_pixels)}  # ms-swift reads them here
    return run_tree(command, work, {**_OFFLINE, **caches, **budget})


def _common(work: Path, epochs: float, learning_rate: float) -> dict[str, Any]:
    """What both call the same, as they are built on transformers' own arguments."""
    return {
        "output_dir": str(work / "out"),
        "per_device_train_batch_size": BATCH,
        "gradient_accumulation_steps": 1,
        "num_train_epochs": epochs,
        "learning_rate": learning_rate,
        "lora_rank": 16,
        "lora_alpha": 32,
        "use_cpu": True,
        "bf16": False,
        "fp16": False,
        "eval_strategy": "no",
        "save_strategy": "no",
        "report_to": "none",
        "logging_steps": 1,
    }


def _swift(work: Path, pixels: Preprocessing) -> dict[str, Any]:
    config = json.loads((work / "nano" / "config.json").read_text(encoding="utf-8"))
    return {
        "image_token_id": config["image_token_id"],
        "model": str(work / "nano"),
        "model_type": "qwen2_5_vl",
        "template": "qwen2_5_vl",
        "dataset": str(work / "rows.jsonl"),
        "split_dataset_ratio": 0,
        "tuner_type": "lora",
        "target_modules": "all-linear",
        "freeze_llm": False,
        "freeze_vit": True,
        "freeze_aligner": True,
        "torch_dtype": "float32",
        "max_length": LONGEST,
        "gradient_checkpointing": False,
        "check_model": False,  # it asks the network whether the folder is the newest, again and again
        "strict": True,  # or rows that it cannot read are left out
        "dataloader_num_workers": 0,
    }


def _factory(work: Path, pixels: Preprocessing) -> dict[str, Any]:
    return {
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "model_name_or_path": str(work / "nano"),
        "template": "qwen2_vl",
        "dataset": "rows",
        "dataset_dir": str(work),
        "lora_target": "all",
        "freeze_vision_tower": True,
        "freeze_multi_modal_projector": True,
        "image_min_pixels": pixels.min_pixels,
        "image_max_pixels": 1 << 40,  # the processor shrinks, as the family does
        "cutoff_len": LONGEST,
        "disable_gradient_checkpointing": True,
    }


@dataclass(frozen=True)
class Peer:
    """What pip is asked for, and the settings by the work folder and the pixel budget."""

    needs: Sequence[str]
    settings: Callable[[Path, Preprocessing], dict[str, Any]]


PEERS = {  # with the newest transformers, TRL and peft that each accepts
    "ms-swift": Peer(
        ("ms-swift==4.6.0", "transformers==5.19.0", "trl==0.29.1", "peft==0.20.0", "qwen-vl-utils==0.0.14"), _swift
    ),
    "llamafactory": Peer(("llamafactory==0.9.5", "transformers==5.6.0", "trl==0.24.0", "peft==0.18.1"), _factory),
}
