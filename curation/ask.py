"""Asking a model about samples from Spark tasks: the engine, opened once per worker, and samples made into prompts."""

from __future__ import annotations

import functools
import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.contract.recipe import MediaAccess, Render
from curation.contract.sample import Sample, from_row
from curation.media import MediaStore
from curation.stage import artifact_folder
from curation.store import fingerprint
from model.chat import RenderError, render
from model.engine import Drawing, Engine, Prompt, PromptError, Reply
from model.family import family


@dataclass(frozen=True)
class Asked:
    """Who is asked, as plain data that travels to the workers. `model` is the name that a server knows, else a folder
    or the table of a stage that made a checkpoint. `weights` is a hash of what answers; replies are remembered by it.
    """

    model: str
    weights: str
    render: Render
    batch_size: int
    url: str = ""

    @property
    def identity(self) -> list[Any]:
        """What an answer depends on, apart from the sample and how it is drawn."""
        return [self.url, self.weights, self.render.model_dump(mode="json")]


@functools.lru_cache(maxsize=1)
def opened(asked: Asked) -> Engine:
    """The engine, loaded once in each worker process."""
    if asked.url:
        from model.http import HttpEngine

        return HttpEngine(asked.url, asked.model)
    from model.local import open_local

    sizes = asked.render.min_pixels, asked.render.max_pixels
    return open_local(_checkpoint(asked.model), *sizes, batch_size=asked.batch_size)


def _checkpoint(model: str) -> Path:
    if "/tables/" not in model:
        return Path(model)
    return artifact_folder(model, Path(tempfile.mkdtemp(prefix="winnow-checkpoint-")))


@dataclass(frozen=True)
class Desk:
    """A worker's place to ask from: the engine, and the media that prompts show."""

    asked: Asked
    store: str
    access: MediaAccess

    def generate(self, prompts: dict[int, Prompt], drawing: Drawing) -> tuple[dict[int, list[Reply]], dict[int, str]]:
        """Replies by place, and why there are none. Where a server refuses a prompt, its batch is asked one by one."""
        engine = opened(self.asked)
        try:
            return dict(zip(prompts, engine.generate(list(prompts.values()), drawing), strict=True)), {}
        except PromptError as error:
            if len(prompts) == 1:
                return {}, dict.fromkeys(prompts, str(error))
        alone = [self.generate({place: prompt}, drawing) for place, prompt in prompts.items()]
        replies = {place: found for good, _ in alone for place, found in good.items()}
        return replies, {place: error for _, bad in alone for place, error in bad.items()}

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
        return good, bad


def seed_of(sample_id: str) -> int:
    return int(hashlib.sha256(sample_id.encode()).hexdigest()[:8], 16)


def memory_of(kind: str, asked: Asked, drawing: Any) -> str:
    """The folder of the store that remembers replies: by who was asked, and how."""
    return f"{kind}/{fingerprint([asked.identity, drawing])}"
