"""Asking a model about samples from Spark tasks: the engine, opened once per worker, and samples made into prompts."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from curation.contract.recipe import Engine as EngineSettings
from curation.contract.recipe import MediaAccess, Render
from curation.contract.sample import Sample, from_row
from curation.media import MediaStore
from curation.stage import artifact_folder
from curation.store import fingerprint
from model.chat import RenderError, render
from model.engine import Drawing, Engine, EngineError, Prompt, PromptError, Reply
from model.family import family

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Asked:
    """Who is asked, as plain data that travels to the workers. `model` is the name that the engine's server knows, else
    a folder, or the `table` of a stage that made a checkpoint. `weights` is a hash of what answers; replies are
    remembered by it.
    """

    engine: EngineSettings
    render: Render
    weights: str
    model: str = ""
    table: str = ""

    @property
    def identity(self) -> list[Any]:
        """What an answer depends on, apart from the sample and how it is drawn."""
        return [self.engine.url, self.weights, self.render.model_dump(mode="json")]

    @property
    def settings(self) -> dict[str, str]:
        """What a manifest says of who was asked: no address and no path."""
        return {"model": Path(self.model).name, "weights": fingerprint(self.identity)}


def opened(asked: Asked) -> Engine:
    """The engine, loaded once in each worker process, and again for a task to which Spark assigns another GPU."""
    return _opened(asked, _assigned_gpu())


@functools.lru_cache(maxsize=1)
def _opened(asked: Asked, gpu: str | None) -> Engine:
    if asked.engine.url:
        from model.http import HttpEngine

        return HttpEngine(asked.engine.url, asked.model, concurrency=asked.engine.batch_size)
    import torch

    from model.load import family_of
    from model.local import open_local

    folder = Path(asked.model)
    if asked.table:  # brought here where the store is elsewhere
        folder = artifact_folder(asked.table, Path(tempfile.gettempdir()) / f"winnow-checkpoint-{os.getpid()}")
    if (found := family_of(folder).name) != asked.render.family:
        raise EngineError(f"{folder} is a {found}, and the prompts are rendered for {asked.render.family}")
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // asked.engine.workers))
    sizes = asked.render.min_pixels, asked.render.max_pixels
    return open_local(folder, *sizes, device=device(), batch_size=asked.engine.batch_size)


def _assigned_gpu() -> str | None:
    """The number of the GPU that Spark assigned to this task by a resource profile, None without one."""
    from pyspark import TaskContext

    context = TaskContext.get()
    found = context.resources().get("gpu") if context else None
    return found.addresses[0] if found else None


def device() -> str | None:
    """The GPU that is this task's own; else the GPUs of a machine in turn, by the task's partition; None where there
    is no GPU."""
    import torch
    from pyspark import TaskContext

    context, count = TaskContext.get(), torch.cuda.device_count()
    if (gpu := _assigned_gpu()) is not None:
        if gpu not in map(str, range(count)):
            raise EngineError(f"Spark assigned GPU {gpu} to this task, and torch finds {count} GPUs on its machine")
        return f"cuda:{gpu}"
    return f"cuda:{context.partitionId() % count}" if context and count else None


@dataclass(frozen=True)
class Desk:
    """A worker's place to ask from: the engine, and the media that prompts show."""

    asked: Asked
    store: str
    access: MediaAccess

    def generate(self, prompts: dict[int, Prompt], drawing: Drawing) -> tuple[dict[int, list[Reply]], dict[int, str]]:
        """Replies by place, and why there are none."""
        return _each(prompts, lambda asked: opened(self.asked).generate(asked, drawing))

    def probabilities(
        self, prompts: dict[int, Prompt], options: Sequence[str]
    ) -> tuple[dict[int, list[float]], dict[int, str]]:
        """The options' probabilities by place, and why there are none."""
        return _each(prompts, lambda asked: opened(self.asked).probabilities(asked, options))

    def prompts(
        self, rows: list[dict[str, Any]], pose: Callable[[Sample], Sample]
    ) -> tuple[dict[int, Prompt], dict[int, str]]:
        """The prompts of those rows that can be asked, and why the others can't, by place."""
        engine, media, settings = opened(self.asked), MediaStore(self.store, self.access), self.asked.render
        kind = family(settings.family)
        good: dict[int, Prompt] = {}
        bad: dict[int, str] = {}
        for place, row in enumerate(rows):
            try:
                posed = render(pose(from_row(row)), kind, settings.min_pixels, settings.max_pixels, "train")
                images = tuple(media.get_many([medium.sha256 for medium in posed.media]))
                prompt = Prompt(row=posed, images=images, seed=seed_of(row["sample_id"]))
                engine.check(prompt)
                good[place] = prompt
            except (RenderError, PromptError) as error:
                bad[place] = str(error)
            except FileNotFoundError as error:
                bad[place] = f"an image is missing from the store: {error.filename or error}"
        return good, bad


def _each(
    prompts: dict[int, Prompt], ask: Callable[[list[Prompt]], list[_Answer]]
) -> tuple[dict[int, _Answer], dict[int, str]]:
    """Answers by place, and why there are none. Where a server refuses a prompt, its batch is asked one by one."""
    try:
        return dict(zip(prompts, ask(list(prompts.values())), strict=True)), {}
    except PromptError as error:
        if len(prompts) == 1:
            return {}, dict.fromkeys(prompts, str(error))
    alone = [_each({place: prompt}, ask) for place, prompt in prompts.items()]
    answers = {place: found for good, _ in alone for place, found in good.items()}
    return answers, {place: error for _, bad in alone for place, error in bad.items()}


def seed_of(sample_id: str) -> int:
    return int(hashlib.sha256(sample_id.encode()).hexdigest()[:8], 16)


def memory_of(kind: str, version: int, asked: Asked, how: Any) -> str:
    """The folder of the store that remembers replies: by the stage's version, who was asked, and how."""
    return f"{kind}/{fingerprint([version, asked.identity, how])}"
