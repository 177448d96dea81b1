"""Teaching nano from scratch, in the order in which the Qwen2.5-VL report trains its models (section 2.2): first the
vision tower alone learns to see, then all of the model learns from endless lessons, each seen once, and last to judge.

What is shown and asked is the caller's to say.
"""

from __future__ import annotations

import io
import math
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.data import DataLoader, Dataset

from curation.contract.dataset import RenderedMedia, RenderedRow
from curation.contract.sample import Sample
from model.attention import use_attention
from model.chat import render
from model.complete import complete_or_absent
from model.encode import Encoded, encode
from model.family import Family
from model.inputs import image_patches, shown
from model.load import Checkpoint, load_checkpoint
from model.nano import build_nano
from model.pack import Packed, pack
from model.token_scores import add_token_scores
from trainer.objectives import token_loss

Lesson = tuple[Sequence[Sample], bytes]  # questions about one image
Seen = tuple[bytes, Sequence[str]]  # an image, and what each of its merged patches shows, in reading order
Show = Callable[[int], Seen]  # by number
Draw = Callable[[int, float], Lesson]  # lesson by number and progress from 0 to 1
Progress = Callable[[str, int, int, float], None]  # what is done, steps so far and in all, the loss
NAME_TOKENS = 7  # of what a patch shows, and where
_LIKENESS, _SHARPNESS = 0.3, 14.0  # weight of the loss, and of a cosine of 1 in its softmax (platform defaults)


@dataclass(frozen=True, kw_only=True)
class NanoSettings:
    """Platform defaults, found by trying on one CPU core."""

    seeing_steps: int = 1000
    seeing_batch_size: int = 16
    steps: int = 8000
    judging_steps: int = 4000
    batch_size: int = 8
    learning_rate: float = 1.2e-3
    warmup_steps: int = 200
    weight_decay: float = 0.05
    seed: int = 17
    workers: int = 1
    pixels: tuple[int, int] = (3136, 100352)


def see(loaded: Checkpoint, show: Show, settings: NanoSettings, progress: Progress | None = None) -> float:
    """Train the vision tower to tell what each merged patch shows: the first tokens of its name, each by a linear head
    that is thrown away, and all of them together by being like their embeddings, so that what is read and what is seen
    start out alike. Without it the same takes a hundred times as long, as nothing is learnt of what is seen until the
    language model looks at it, and it looks at nothing as long as there is nothing to learn. Returns the share of
    patches named right over the last tenth of the steps."""
    tower, tokenizer = loaded.model.model.visual.train(), loaded.processor.tokenizer
    use_attention(loaded.model, "sdpa")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        width = loaded.model.config.vision_config.out_hidden_size
        heads = torch.nn.Linear(width, NAME_TOKENS * len(tokenizer)).to(loaded.model.device)
    words = torch.nn.functional.normalize(loaded.model.get_input_embeddings().weight.detach()[: len(tokenizer)])
    parameters = [*tower.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.98), weight_decay=settings.weight_decay)
    right = []
    for step in range(settings.seeing_steps):
        shown_now = [show(step * settings.seeing_batch_size + i) for i in range(settings.seeing_batch_size)]
        pictures = [Image.open(io.BytesIO(image)) for image, _ in shown_now]
        inputs = loaded.processor.image_processor(images=pictures, return_tensors="pt").to(loaded.model.device)
        names = torch.tensor([_name_ids(tokenizer, name) for _, some in shown_now for name in some])
        with _cheaply(loaded.model.device):
            features = tower(inputs["pixel_values"], grid_thw=inputs["image_grid_thw"]).pooler_output
            logits = heads(features).view(len(names), NAME_TOKENS, -1)
            likeness = _SHARPNESS * torch.nn.functional.normalize(features) @ words.T
        names = names.to(logits.device)
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), names.flatten())
        loss = loss + _LIKENESS * _named_by(likeness.float(), names, names != tokenizer.pad_token_id)
        _update(optimizer, parameters, loss)
        if progress:
            progress("seeing", step + 1, settings.seeing_steps, float(loss.detach()))
        right.append(float((logits.argmax(-1) == names).all(1).float().mean()))
    last = right[-max(1, len(right) // 10) :]
    return sum(last) / len(last)


def _named_by(likeness: torch.Tensor, names: torch.Tensor, some: torch.Tensor) -> torch.Tensor:
    """How unlike patches are their names: the mean log-loss of the tokens [patches, NAME_TOKENS] that are there
    (`some`), under a softmax over the likeness [patches, vocabulary]."""
    log_probs = likeness.log_softmax(-1).gather(1, names)
    return -((log_probs * some).sum(1) / some.sum(1)).mean()


def _name_ids(tokenizer: Any, name: str) -> list[int]:
    ids = tokenizer.encode(name, add_special_tokens=False)[:NAME_TOKENS]
    return [*ids, *[tokenizer.pad_token_id] * (NAME_TOKENS - len(ids))]


def _update(optimizer: torch.optim.Optimizer, parameters: Iterable[torch.nn.Parameter], loss: torch.Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()


@contextmanager
def _cheaply(device: torch.device) -> Iterator[None]:
    """Matrices are multiplied in bfloat16, where that is faster; a CPU's fused attention takes four times as long as
    the plain one for branches and windows of a few tokens."""
    with torch.autocast(device.type, torch.bfloat16), sdpa_kernel([SDPBackend.MATH]):
        yield


def _start_alike(model: Any) -> None:
    """Queries like keys, and outputs that undo values, so that tokens look at what is like them and take it over from
    the start: Trockman and Kolter 2023, Mimetic Initialization of Self-Attention Layers, arXiv 2305.09828, whose
    pattern it follows, with weights that are equal instead of correlated."""
    config = model.config.text_config
    groups, queries = config.num_key_value_heads, config.num_attention_heads // config.num_key_value_heads
    for layer in model.model.language_model.layers:
        attention = layer.self_attn
        keys, values = (
            each.weight.detach().view(groups, -1, config.hidden_size).repeat_interleave(queries, 0)
            for each in (attention.k_proj, attention.v_proj)
        )
        attention.q_proj.weight.data.copy_(keys.flatten(0, 1))
        attention.o_proj.weight.data.copy_(values.flatten(0, 1).T)


def teach(
    loaded: Checkpoint, draw: Draw, settings: NanoSettings, progress: Progress | None = None, what: str = "teaching"
) -> dict[str, Any]:
    """Train all of the model on `steps * batch_size` lessons, in float32. Returns what the card says: lessons,
    questions, seconds, and the loss over the last tenth of the steps."""
    model = loaded.model.train()
    add_token_scores(model)
    use_attention(model, "sdpa")
    groups = _groups(model, settings.weight_decay)
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate(step, settings))
    started, questions, losses = time.monotonic(), 0, []
    ids = model.config.image_token_id, model.config.vision_end_token_id
    course = _Course(draw, settings, loaded.processor, loaded.family, *ids)
    batches = DataLoader(course, batch_size=None, num_workers=settings.workers, collate_fn=_as_it_is)
    for step, (batch, asked) in enumerate(batches):
        questions += asked
        loss = _loss(model, batch)
        _update(optimizer, model.parameters(), loss)
        schedule.step()
        losses.append(float(loss.detach()))
        if progress:
            progress(what, step + 1, settings.steps, losses[-1])
    model.eval()
    last = losses[-max(1, len(losses) // 10) :]
    return {
        "lessons": settings.steps * settings.batch_size,
        "questions": questions,
        "seconds": round(time.monotonic() - started),
        "loss": sum(last) / len(last),
    }


def learn_to_judge(
    loaded: Checkpoint, judge: Draw, settings: NanoSettings, progress: Progress | None = None
) -> dict[str, Any]:
    """`teach` as many steps as settings have for judging."""
    return teach(loaded, judge, replace(settings, steps=settings.judging_steps), progress, "judging")


def learning_rate(step: int, settings: NanoSettings) -> float:
    """The share of the full learning rate: a linear rise over the warm-up, then half a cosine down to a twentieth."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _groups(model: Any, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay, norms and biases don't."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


@dataclass(frozen=True)
class _Course(Dataset[tuple[dict[str, Any], int]]):
    """The packs of all steps, by step, each with its number of questions; made beside the training by a worker."""

    draw: Draw
    settings: NanoSettings
    processor: Any
    family: Family
    image_id: int
    vision_end_id: int

    def __len__(self) -> int:
        return self.settings.steps

    def __getitem__(self, step: int) -> tuple[dict[str, Any], int]:
        size = self.settings.batch_size
        lessons = [self.draw(step * size + i, step / self.settings.steps) for i in range(size)]
        return self.batch(lessons), sum(len(samples) for samples, _ in lessons)

    def batch(self, lessons: Sequence[Lesson]) -> dict[str, Any]:
        """Lessons as one pack; a lesson's questions are branches behind the image, and do not see each other."""
        documents, pixels, grids = [], [], []
        for samples, image in lessons:
            rows = [render(sample, self.family, *self.settings.pixels, split="train") for sample in samples]
            encoded = [encode(row, self.processor.tokenizer) for row in rows]
            documents.append(_document(encoded, rows[0], self.vision_end_id))
            patches, grid = image_patches(rows[0], shown(rows[0]), partial(_read, image), self.processor)
            assert patches is not None and grid is not None
            pixels.append(patches)
            grids.append(grid)
        made = pack(documents, self.family, self.image_id, "sdpa")
        return {**made, "pixel_values": torch.cat(pixels), "image_grid_thw": torch.cat(grids)}


def _as_it_is(batch: tuple[dict[str, Any], int]) -> tuple[dict[str, Any], int]:
    """The loader's own conversion would make lists of a layout's tuples."""
    return batch


def _read(image: bytes, medium: RenderedMedia) -> bytes:
    return image


def _document(encoded: Sequence[Encoded], row: RenderedRow, vision_end_id: int) -> Packed:
    """Rows that are the same up to their image. An answer counts by the root of its length: most tokens of a box are
    its brackets, and easy."""
    shared = encoded[0].ids.index(vision_end_id) + 1
    branches = []
    for each in encoded:
        share = 1 / math.sqrt(sum(weight > 0 for weight in each.weights))
        branches.append(Encoded(each.ids[shared:], [weight * share for weight in each.weights[shared:]]))
    start = Encoded(encoded[0].ids[:shared], encoded[0].weights[:shared])
    return Packed(shared=start, branches=tuple(branches), media=tuple(shown(row)))


def _loss(model: Any, batch: dict[str, Any]) -> torch.Tensor:
    """The weighted mean over the answers' tokens."""
    batch = {k: v.to(model.device) if isinstance(v, torch.Tensor) else v for k, v in batch.items() if k != "answers"}
    weights = batch.pop("weights")
    with _cheaply(model.device):
        log_probs = model(**batch)
    return token_loss(log_probs, weights) / weights.sum()


def train_nano(
    out: Path, show: Show, draw: Draw, judge: Draw, settings: NanoSettings, progress: Progress | None = None
) -> dict[str, Any]:
    """A new nano that has learnt to see, was taught and then learnt to judge, written to `out` in bfloat16, complete
    or absent. Returns the settings, what `teach` does, of judging under that name, and `patches_named` by `see`.
    Raises FileExistsError where `out` exists."""
    with complete_or_absent(out) as partial:
        start = partial / "start"
        build_nano(start, seed=settings.seed)
        loaded = load_checkpoint(start, dtype=torch.float32)
        _start_alike(loaded.model)
        taught: dict[str, Any] = {**asdict(settings), "patches_named": see(loaded, show, settings, progress)}
        taught |= teach(loaded, draw, settings, progress)
        # Rounded as a checkpoint's are, so that the last part can be taught again from one; what is no weight stays.
        for weight in loaded.model.parameters():
            weight.data.copy_(weight.data.to(torch.bfloat16))
        taught["judging"] = learn_to_judge(loaded, judge, settings, progress)
        loaded.model.to(torch.bfloat16).save_pretrained(partial)
        loaded.processor.save_pretrained(partial)
        shutil.rmtree(start)
    return taught
