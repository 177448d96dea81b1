"""What answers and judges: the engine protocol. A model in this process (`model.local`) or any OpenAI-compatible server
(`model.http`) serves it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from curation.contract.dataset import RenderedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A conversation that waits for its last assistant turn: what `row` has from there on is not shown. `images` holds
    the original bytes of each of the row's media. Candidates are drawn from `seed` and the row's id, so that a
    prompt's answers do not depend on what else is asked with it."""

    row: RenderedRow
    images: tuple[bytes, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How answers are drawn. Temperature 0 is greedy."""

    candidates: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_new_tokens: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as the family writes it, markup included, the end of the turn left out. `finished` is false where it
    ran into the limit of tokens."""

    text: str
    finished: bool


def draw_seed(prompt: Prompt, number: int) -> int:
    """The seed of a prompt's candidate `number`: 31 bits, which every server takes. The sample's id is in it, so that
    prompts of one seed are not all drawn by the same luck."""
    digest = hashlib.sha256(f"{prompt.row.sample_id}/{prompt.seed}/{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class PromptError(ValueError):
    """A prompt that an engine can't be given, and why; others of its batch are unharmed if asked again without it."""


class EngineError(RuntimeError):
    """An engine that does not answer, or not as the protocol needs, in words that say what to do about it."""


class Engine(Protocol):
    def check(self, prompt: Prompt) -> None:
        """Raises `PromptError` for a prompt that this engine can't be given."""

    def generate(self, prompts: Sequence[Prompt], drawing: Drawing) -> list[list[Reply]]:
        """`drawing.candidates` replies to each prompt."""

    def probabilities(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        """For each prompt, the probability of each option's first token as the next token: one forward pass, nothing
        generated. They sum to at most 1. Raises `EngineError` where two options begin alike."""
