"""Making nano: the lessons of `synth`, taught by `trainer`, and the card that says what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from curation.contract.sample import Sample
from synth.lessons.board import SIDE
from synth.lessons.course import SKILLS, Lesson, curriculum, examination, judging, seen
from synth.lessons.window import WINDOW

_CARD = """# nano

A Qwen2.5-VL of {parameters:,} parameters, taught from scratch on drawn pictures, so that judging, sampling, SFT and DPO
have a model to ask on any machine. It knows boards of {side} x {side} pixels with up to four coloured shapes and a
number of up to three digits, and windows of {window[0]} x {window[1]} with up to four named buttons, each in a frame,
and nothing else: not the world, not language. Weights are bfloat16.

| | |
| --- | --- |
| data | `synth/lessons`, seed {seed}: lessons 0 to {last:,}, and 0 to {last_judged:,} about judging, each seen once |
| seeing | {seeing_steps:,} steps of {seeing_batch_size} pictures, the vision tower alone: {patches_named:.1%} right |
| teaching | {steps:,} steps of {batch_size} pictures, {questions:,} questions, {minutes:.0f} minutes: loss {loss:.3f} |
| judging | {judging_steps:,} steps more, {judging_questions:,} questions, {judging_minutes:.0f} minutes: \
loss {judging_loss:.3f} |
| with | AdamW, learning rate {learning_rate:g}, on one CPU core and {workers} more to draw |

A loss is that of the last tenth of the steps.

Accuracy on {asked} held-out questions of each skill, each on a picture of its own: a generated answer has to verify (a
box at IoU 0.5, under its name; a tap inside its button; numbers to read have three digits); a judgement has to find the
right one of yes and no the likelier, a wrong box being as large as the right one.

| skill | a question | accuracy |
| --- | --- | --- |
{skills}

Made by `winnow train nano --to DIR --steps {steps} --seeing-steps {seeing_steps} --judging-steps {judging_steps} \
--seed {seed}`;
the same figures are in `card.json`. The same machine gives the same weights; another one may round otherwise.
"""
_EXAMPLES = {
    "name": "Name all shapes.",
    "count": "How many red shapes are there?",
    "locate": "Locate the red circle in the image.",
    "read": "What number is written?",
    "place": "Where is the red circle?",
    "places": "Where are the red circle, the blue star?",
    "look": "What is in the upper left?",
    "tap": "Tap the Save button.",
    "say": "What does the upper left button say?",
    "list": "Name all buttons.",
    "slots": "Where are the Save, the Help?",
    "find": "Where is the Save button?",
    "judge": "... Answer: ... Is this answer right? Answer yes or no.",
}


def make_nano(
    out: Path,
    steps: int,
    seeing_steps: int,
    judging_steps: int,
    seed: int,
    questions: int,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Teaches and examines; writes the checkpoint, `card.json` and README.md to `out`; returns the card."""
    from trainer.nano import NanoSettings, train_nano

    def report(what: str, step: int, total: int, loss: float) -> None:
        progress(step, total, f"{what}, loss {loss:.3f}")

    settings = NanoSettings(steps=steps, seeing_steps=seeing_steps, judging_steps=judging_steps, seed=seed)
    draw, judge = (partial(drawn, lesson, seed) for lesson in (curriculum, judging))
    taught = train_nano(out, partial(seen, seed), draw, judge, settings, report)
    return write_card(out, taught, questions)


def drawn(
    make: Callable[[int, int, float], Lesson], seed: int, number: int, done: float
) -> tuple[tuple[Sample, ...], bytes]:
    """A lesson as the trainer takes it: the samples, and the one picture that they are about."""
    lesson = make(seed, number, done)
    return lesson.samples, lesson.image


def write_card(folder: Path, taught: dict[str, Any], questions: int) -> dict[str, Any]:
    """Examines the checkpoint in `folder` and writes its card beside it."""
    from model.load import load_checkpoint
    from model.local import LocalEngine
    from trainer.exam import examine

    loaded = load_checkpoint(folder)
    asked: dict[str, Any] = {
        skill: [
            (lesson.samples[0], lesson.image)
            for lesson in (examination(taught["seed"], skill, index) for index in range(questions))
        ]
        for skill in SKILLS
    }
    least, most = taught["pixels"]
    accuracy = examine(LocalEngine(loaded, batch_size=32), loaded.family, (least, most), asked)
    parameters = sum(parameter.numel() for parameter in loaded.model.parameters())
    card = {**taught, "parameters": parameters, "held_out_questions": questions, "accuracy": accuracy}
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(card_text(card), encoding="utf-8")
    return card


def card_text(card: dict[str, Any]) -> str:
    skills = "\n".join(f"| {name} | {_EXAMPLES[name]} | {value:.2f} |" for name, value in card["accuracy"].items())
    judged = card["judging"]
    return _CARD.format(
        **card,
        side=SIDE,
        window=WINDOW,
        minutes=card["seconds"] / 60,
        judging_minutes=judged["seconds"] / 60,
        judging_questions=judged["questions"],
        judging_loss=judged["loss"],
        asked=card["held_out_questions"],
        last=card["lessons"] - 1,
        last_judged=judged["lessons"] - 1,
        skills=skills,
    )
