"""What the shipped nano knows, by skill, and how much its samples at temperature 1 disagree. CPU, some minutes.

python -m tests.benchmarks.synth_nano --questions 200
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from model.shipped import NANO

SEED = 1_000_003  # held out: training's lessons and the card's examination have others
CANDIDATES = 8


def measure(n: int, checkpoint: Path = NANO) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Greedy accuracy by skill on `n` questions of each that no lesson has asked, and by skill, where an answer is
    written, pass@1 and pass@8: the share of single answers at temperature 1 that verify, and that of questions of
    which at least one of eight does. These also on crowded boards, which no lesson has shown."""
    from model.load import load_checkpoint
    from model.local import LocalEngine
    from synth.lessons.course import JUDGE, SKILLS, examination
    from trainer.exam import examine

    loaded = load_checkpoint(checkpoint)
    engine = LocalEngine(loaded, batch_size=32)
    lessons = {skill: [examination(SEED, skill, index) for index in range(n)] for skill in SKILLS}
    asked: dict[str, Any] = {
        skill: [(lesson.samples[0], lesson.image) for lesson in some] for skill, some in lessons.items()
    }
    pixels = tuple(json.loads((checkpoint / "card.json").read_text())["pixels"])
    known = examine(engine, loaded.family, pixels, asked)
    for skill in ("count", "locate", "place"):
        harder = [examination(SEED, skill, index, crowded=True) for index in range(n)]
        asked[f"crowded {skill}"] = [(lesson.samples[0], lesson.image) for lesson in harder]
    passed = {skill: _passes(engine, loaded.family, pixels, some) for skill, some in asked.items() if skill != JUDGE}
    return known, passed


def _passes(engine: Any, family: Any, pixels: Any, asked: list[Any]) -> dict[str, float]:
    from filters.score import score, verifies
    from model.chat import render
    from model.engine import Drawing, Prompt
    from trainer.exam import MOST_TOKENS

    prompts = [Prompt(row=render(sample, family, *pixels, split="test"), images=(image,)) for sample, image in asked]
    drawing = Drawing(candidates=CANDIDATES, temperature=1.0, max_new_tokens=MOST_TOKENS)
    right = [
        [verifies(score(reply.text, prompt.row, family), prompt.row.reference.verifier)[0] for reply in replies]
        for prompt, replies in zip(prompts, engine.generate(prompts, drawing), strict=True)
    ]
    alone = sum(map(sum, right)) / (CANDIDATES * len(right))
    return {"1": alone, "8": sum(map(any, right)) / len(right)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=200, help="of each skill")
    parser.add_argument("--checkpoint", type=Path, default=NANO)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    known, passed = measure(options.questions, options.checkpoint)
    if options.json:
        print(json.dumps({"nano": known, "pass_at": passed}))
        return
    for skill in [*known, *(skill for skill in passed if skill not in known)]:
        told = [f"greedy {known[skill]:.3f}"] if skill in known else []
        print(f"{skill:15}", *told, *(f"pass@{k} {value:.3f}" for k, value in passed.get(skill, {}).items()))


if __name__ == "__main__":
    main()
