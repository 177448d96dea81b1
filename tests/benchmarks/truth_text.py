"""Answers of the text generator, found again from the words of the prompt alone and by other code."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from fractions import Fraction

from curation.contract.sample import Sample
from filters.verify import exact_match, fields_score, final_answer
from synth.generator import Make
from synth.specimen import Specimen
from synth.verifiable.code import code_passes
from tests.benchmarks.truth_text_lists import edits, formats, puzzles, sorting, tables
from tests.benchmarks.truth_text_numbers import arithmetic, dates, evaluated, stories, units


def wrong(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """A message for each specimen whose answer does not follow from its prompt; `again` and `rng_key` are not used."""
    return [f"{each.sample.tags[0]}: {fault}" for each in made if (fault := _fault(each.sample))]


def _fault(sample: Sample) -> str:
    turns = ["".join(part.text for part in turn.parts) for turn in sample.messages]
    asks, answers = turns[0::2], turns[1::2]
    family, template = sample.tags[0].removeprefix("build:text/").split("/", 1)
    last = answers[-1].splitlines()[-1] if "worked" in sample.tags else answers[-1]
    if re.sub(r"^(Answer: |答案：)", "", last) != sample.answer.text:
        return f"the reference {sample.answer.text!r} is not the last answer {last!r}"
    if family == "code":
        return _code_fault(sample)
    said = [re.sub(r"^(Answer: |答案：)", "", answer.splitlines()[-1]) for answer in answers]
    expected = _ROUTES[family](template, asks, said)
    if len(expected) != len(said):
        return f"{len(expected)} answers found to {len(said)} questions: {asks!r}"
    for ask, found, given in zip(asks, expected, said, strict=True):
        if found != given:
            return f"{ask!r} has the answer {found!r}, not {given!r}"
    return _verifier_fault(sample, answers[-1]) or _steps_fault(answers[0])


def _verifier_fault(sample: Sample, said: str) -> str:
    """The verifier must take the truth and refuse something else."""
    truth, verifier = sample.answer.text, sample.answer.verifier
    if verifier == "fields":
        other = json.dumps({**json.loads(truth), next(iter(json.loads(truth))): "?"})
        right, spoiled = fields_score(truth, truth).exact, fields_score(other, truth).exact
    elif verifier == "final":
        right, spoiled = (exact_match(final_answer(text), truth) for text in (said, said + "1"))
    else:
        right, spoiled = exact_match(truth, truth), exact_match(truth + "1", truth)
    return (
        "" if right == 1 and spoiled < 1 else f"the verifier {verifier!r} gives {right} and {spoiled} for a wrong one"
    )


def _steps_fault(answer: str) -> str:
    """Every line `a × b = c` of a worked solution must be true."""
    for line in answer.splitlines()[:-1]:
        match = re.fullmatch(r"([-+×÷*/() \d.%]+) = ([\d./]+)", line)
        if match and "-" not in match[2] and not re.search(r"\d{4}-\d\d", line):
            left = match[1].replace("%", "/100")
            if evaluated(left) != Fraction(match[2]):
                return f"the step {line!r} is wrong"
    return ""


def _code_fault(sample: Sample) -> str:
    if not code_passes(sample):
        return "the code does not pass its tests"
    code = sample.answer.text.removeprefix("```python\n").removesuffix("```")
    spoiled = re.sub(r"^    return (.*)$", r"    return [\1, 0]", code, flags=re.MULTILINE)
    return "code that returns something else passes the tests" if code_passes(sample, spoiled) else ""


_ROUTES: dict[str, Callable[[str, Sequence[str], Sequence[str]], list[str]]] = {
    "arithmetic": arithmetic,
    "stories": stories,
    "dates": dates,
    "units": units,
    "sorting": sorting,
    "edits": edits,
    "tables": tables,
    "puzzles": puzzles,
    "formats": formats,
}
