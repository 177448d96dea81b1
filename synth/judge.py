"""Judging: is an answer right? Asked of a model as a question with one-word answers, so that the verdict is read off
the probabilities of those words and no prose has to be parsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from curation.contract.sample import Answer, Part, Sample, Turn, text_part

Rubric = Literal["correct", "complete", "clear", "relevant"]
YES, NO = "yes", "no"
# Platform defaults, after the criteria that the Qwen2.5-VL report names for its reward model (section 2.3.2).
RUBRICS: dict[Rubric, str] = {
    "correct": "Is this answer right?",
    "complete": "Does this answer say all that was asked for?",
    "clear": "Is this answer clear?",
    "relevant": "Does this answer keep to what was asked?",
}
# Less than this probability on the two words together means that the model did not take the question as one: no score.
LEAST_MASS = 0.1


def judging_parts(answer: Sequence[Part], rubric: Rubric) -> tuple[Part, ...]:
    """What follows a question to have its answer judged. The answer is data between two fixed texts."""
    return text_part("\n\nAnswer: "), *answer, text_part(f"\n\n{RUBRICS[rubric]} Answer yes or no.")


def to_judge(sample: Sample, rubric: Rubric) -> Sample:
    """The conversation up to its last question, with the last answer put up for judgement. The sample must end with an
    assistant's turn that follows a user's."""
    *before, question, answer = sample.messages
    asked = replace(question, parts=(*question.parts, *judging_parts(answer.parts, rubric)))
    reply = Turn(role="assistant", parts=(text_part(YES),))
    return replace(sample, messages=(*before, asked, reply), answer=Answer(text=YES, verifier="exact"))


def verdict(yes: float, no: float) -> float | None:
    """The share of `yes`, 0 to 1, or None where the two words together have too little probability to mean anything."""
    mass = yes + no
    return yes / mass if mass >= LEAST_MASS else None
