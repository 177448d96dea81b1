"""Making nano: the lessons of `synth`, taught by `trainer`, and the card that says what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synth.lessons import SIDE, SKILLS, curriculum, examination

_CARD = """# nano

A Qwen2.5-VL of {parameters:,} parameters, taught from scratch on drawn scenes, so that judging, sampling, SFT and DPO
have a model to ask on any machine. It knows boards of {side} x {side} pixels with up to four coloured shapes and a
number, and nothing else: not the world, not language. Weights are bfloat16.

| | |
| --- | --- |
| data | drawn by `synth/lessons.py` with seed {seed}, each board seen once |
| boards | {lessons:,}, with {questions:,} questions |
| steps | {steps:,} of {batch_size} boards; AdamW, learning rate {learning_rate:g} |
| time | {minutes:.0f} minutes on one CPU core |
| loss | {loss:.3f} over the last tenth of the steps |

Accuracy on {asked} held-out questions of each skill, on boards with up to four shapes: a generated answer has to verify
(a box at IoU 0.5, under its name); a judgement has to find the right one of yes and no the likelier.

| skill | a question | accuracy |
| --- | --- | --- |
{skills}

Made by `winnow train nano --to DIR --steps {steps} --seed {seed}`; the same figures are in `card.json`. The same
machine gives the same weights; another one may round otherwise.
"""
_EXAMPLES = {
    "name": "Name all shapes.",
    "count": "How many red shapes are there?",
    "locate": "Locate the red circle in the image.",
    "read": "What number is written?",
    "place": "Where is the red circle?",
    "look": "What is in the upper left?",
    "judge": "... Answer: ... Is this answer right? Answer yes or no.",
}


def make_nano(
    out: Path, steps: int, seed: int, questions: int, progress: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """Teaches and examines; writes the checkpoint, `card.json` and README.md to `out`; returns the card."""
    from trainer.nano import NanoSettings, train_nano

    settings = NanoSettings(steps=steps, seed=seed)

    def draw(number: int, done: float) -> tuple[Any, bytes]:
        lesson = curriculum(seed, number, done)
        return lesson.samples, lesson.image

    taught = train_nano(out, draw, settings, lambda step, total, loss: progress(step, total, f"loss {loss:.3f}"))
    return write_card(out, taught, questions)


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
    minutes, asked = card["seconds"] / 60, card["held_out_questions"]
    return _CARD.format(**card, side=SIDE, minutes=minutes, asked=asked, skills=skills)
