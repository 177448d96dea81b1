"""What a checkpoint knows: the share of right answers to questions that it has not seen, skill by skill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from curation.contract.sample import Sample
from filters.score import score, verifies
from model.chat import render
from model.engine import Drawing, Engine, Prompt
from model.family import Family

Question = tuple[Sample, bytes]  # with its image
MOST_TOKENS = 48


def examine(
    engine: Engine,
    family: Family,
    pixels: tuple[int, int],
    questions: Mapping[str, Sequence[Question]],
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Accuracy by skill. An answer is generated greedily and has to verify; where the true answer is yes or no, as in
    judging, the likelier of the two words has to be it."""
    total, done = sum(len(asked) for asked in questions.values()), 0
    found = {}
    for skill, asked in questions.items():
        prompts = [
            Prompt(row=render(sample, family, *pixels, split="test"), images=(image,)) for sample, image in asked
        ]
        right = list(_right(engine, family, prompts))
        found[skill] = sum(right) / len(right)
        done += len(asked)
        if progress:
            progress(done, total)
    return found


def _right(engine: Engine, family: Family, prompts: Sequence[Prompt]) -> Iterable[bool]:
    answers = [prompt.row.reference.text for prompt in prompts]
    if set(answers) <= {"yes", "no"}:
        chances = engine.probabilities(prompts, ("yes", "no"))
        return [(yes > no) == (answer == "yes") for (yes, no), answer in zip(chances, answers, strict=True)]
    replies = [found[0].text for found in engine.generate(prompts, Drawing(max_new_tokens=MOST_TOKENS))]
    return [
        verifies(score(reply, prompt.row, family), prompt.row.reference.verifier)[0]
        for reply, prompt in zip(replies, prompts, strict=True)
    ]
