"""An engine in this process: a checkpoint asked in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from curation.contract.dataset import RenderedRow, Segment
from model.chat import RenderError
from model.collate import Example, collate
from model.encode import encode, prompt_ids, prompt_segments
from model.engine import Drawing, EngineError, Prompt, PromptError, Reply, draw_seed
from model.inputs import DataError, fit_processor, prompt_example
from model.load import Checkpoint, load_checkpoint, unwrapped

_T = TypeVar("_T")


def open_local(
    folder: str | Path,
    min_pixels: int,
    max_pixels: int,
    device: str | None = None,
    base: str | Path | None = None,
    batch_size: int = 16,
) -> LocalEngine:
    """The checkpoint in `folder`, seeing images within the data's pixel budget. Raises as `load_checkpoint` does."""
    loaded = load_checkpoint(folder, device, base=base)
    fit_processor(loaded.processor, min_pixels, max_pixels)
    return LocalEngine(loaded, batch_size)


class LocalEngine:
    """Answers with a loaded checkpoint, `batch_size` answers at a time. The processor must have the data's pixel
    budget. What shares a batch with a prompt changes its answers by rounding at most."""

    def __init__(self, loaded: Checkpoint, batch_size: int = 16) -> None:
        # Beneath an adapter, whose layers are in the model itself: peft's own `generate` brings back the generation
        # settings of the checkpoint.
        self._model = unwrapped(loaded.model)
        self._processor = loaded.processor
        self._tokenizer = loaded.processor.tokenizer
        self._end: int = self._tokenizer.convert_tokens_to_ids("<|im_end|>")
        self._batch_size = batch_size

    def check(self, prompt: Prompt) -> None:
        """Raises `PromptError` for a row with nothing to answer, or an image that is missing, cannot be decoded or is
        not of the row's size."""
        self._example(prompt)

    def generate(self, prompts: Sequence[Prompt], drawing: Drawing) -> list[list[Reply]]:
        sampled = drawing.temperature > 0
        numbers = range(drawing.candidates if sampled else 1)
        jobs = [(index, number) for index in self._by_length(prompts) for number in numbers]
        replies: list[list[Reply]] = [[] for _ in prompts]
        for batch in _batches(jobs, self._batch_size):
            examples = self._examples(prompts, [index for index, _ in batch])
            seeds = [draw_seed(prompts[index], number) for index, number in batch] if sampled else []
            for (index, _), reply in zip(batch, self._answers(examples, seeds, drawing), strict=True):
                replies[index].append(reply)
        return replies if sampled else [found * drawing.candidates for found in replies]

    def probabilities(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        tokens = [self._first_tokens(prompt, options) for prompt in prompts]
        found: dict[int, list[float]] = {}
        for batch in _batches(self._by_length(prompts), self._batch_size):
            inputs = self._inputs(self._examples(prompts, batch))
            with torch.inference_mode():
                # Padded on the left, so that the last position is every prompt's own.
                logits = self._model(**inputs, logits_to_keep=1, use_cache=False).logits[:, -1]
            for index, row in zip(batch, logits.float().softmax(-1), strict=True):
                found[index] = row[tokens[index]].tolist()
        return [found[index] for index in range(len(prompts))]

    def _by_length(self, prompts: Sequence[Prompt]) -> list[int]:
        """Places of the prompts, those of like length together, for less padding."""
        lengths = []
        for prompt in prompts:
            with _refusal(prompt.row):
                lengths.append(len(prompt_ids(prompt.row, self._tokenizer)))
        return sorted(range(len(prompts)), key=lengths.__getitem__)

    def _examples(self, prompts: Sequence[Prompt], indices: Sequence[int]) -> list[Example]:
        """One for each index; the candidates of a prompt share theirs, so that its images are decoded once."""
        made = {index: self._example(prompts[index]) for index in set(indices)}
        return [made[index] for index in indices]

    def _example(self, prompt: Prompt) -> Example:
        row = prompt.row
        if len(prompt.images) != len(row.media):
            raise PromptError(f"{row.row_id}: {len(row.media)} media and the bytes of {len(prompt.images)}.")
        images = dict(zip(row.media, prompt.images, strict=True))
        with _refusal(row):
            return prompt_example(row, images.__getitem__, self._processor, self._model.config.image_token_id)

    def _inputs(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        batch = collate(examples, self._tokenizer.pad_token_id, self._model.config.image_token_id, side="left")
        device = self._model.device
        return {name: value.to(device) for name, value in batch.items() if name not in ("labels", "loss_weights")}

    def _answers(self, examples: Sequence[Example], seeds: Sequence[int], drawing: Drawing) -> list[Reply]:
        """Greedy answers without seeds, else one drawn with each seed."""
        from transformers import GenerationConfig, LogitsProcessorList

        inputs = self._inputs(examples)
        noise = [_Gumbel(seeds, drawing, self._model.device)] if seeds else []
        # Replaced, not passed: `generate` fills what is passed from the checkpoint's own file, and those of the family
        # sample and punish repetition.
        self._model.generation_config = GenerationConfig(
            do_sample=False,
            max_new_tokens=drawing.max_new_tokens,
            eos_token_id=self._end,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        with torch.inference_mode():
            sequences = self._model.generate(**inputs, logits_processor=LogitsProcessorList(noise))
        return [self._reply(ids) for ids in sequences[:, inputs["input_ids"].shape[1] :].tolist()]

    def _reply(self, ids: list[int]) -> Reply:
        """What stands before the end of the turn. Special tokens stay: some families write boxes with them."""
        finished = self._end in ids
        answer = ids[: ids.index(self._end)] if finished else ids
        text = self._tokenizer.decode(answer, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return Reply(text=text, finished=finished)

    def _first_tokens(self, prompt: Prompt, options: Sequence[str]) -> list[int]:
        """The token with which each option begins right behind the prompt."""
        with _refusal(prompt.row):
            before = prompt_segments(prompt.row)
            start = prompt_ids(prompt.row, self._tokenizer)
        found: dict[int, str] = {}
        for option in options:
            said = Segment(kind="content", text=option, weight=1.0)
            ids = encode(replace(prompt.row, segments=(*before, said)), self._tokenizer).ids
            if ids[: len(start)] != start or len(ids) == len(start):
                raise EngineError(f"The option {option!r} begins with no token of its own: start it with a letter.")
            token = ids[len(start)]
            if token in found:
                raise EngineError(
                    f"The options {found[token]!r} and {option!r} begin with the same token: name them otherwise."
                )
            found[token] = option
        return list(found)


class _Gumbel:
    """Draws tokens from softmax(scores / temperature), cut to `top_p`: of scores with Gumbel noise added, the highest
    is such a draw, so that a greedy search draws.

    Each answer of the batch has a generator of its own. torch's own sampling takes the whole batch's draws from one,
    and an answer would show what it shared a batch with. The noise is the device's own: a GPU draws other answers than
    a CPU.
    """

    def __init__(self, seeds: Sequence[int], drawing: Drawing, device: torch.device) -> None:
        self._generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self._drawing = drawing

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """[answers, vocabulary] to the same shape."""
        from transformers import TopPLogitsWarper

        scores = scores / self._drawing.temperature
        if self._drawing.top_p < 1:
            scores = TopPLogitsWarper(self._drawing.top_p)(input_ids, scores)
        # Minus the logarithm of an exponential draw is Gumbel noise; in double precision, as its upper tail decides.
        noise = torch.empty(scores.shape, dtype=torch.float64, device=scores.device)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        return scores - noise.log()


@contextmanager
def _refusal(row: RenderedRow) -> Iterator[None]:
    """What is wrong with a row becomes a `PromptError` that names it."""
    try:
        yield
    except DataError as error:
        raise PromptError(str(error)) from error
    except RenderError as error:
        raise PromptError(f"{row.row_id}: {error}") from error


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
