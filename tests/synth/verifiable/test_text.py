from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from curation.contract.sample import Answer, Sample, Turn, text_part
from filters.minhash import normalised
from synth.generator import specimens
from synth.specimen import Specimen
from synth.verifiable.code import code_passes
from synth.verifiable.text import GENERATOR
from tests.benchmarks.planted import QUARANTINE, decide_groups
from tests.benchmarks.truth_text import wrong

FAMILIES = set("arithmetic stories dates units sorting edits tables puzzles formats code".split())


@pytest.fixture(scope="module")
def made() -> list[Specimen]:
    with GENERATOR.open() as make:
        return list(specimens(GENERATOR, make, 1, 0, 500))


def family(sample: Sample) -> str:
    return sample.tags[0].removeprefix("build:text/").split("/")[0]


def texts(sample: Sample) -> str:
    return "\n".join(part.text for turn in sample.messages for part in turn.parts)


def spoiled(sample: Sample) -> Specimen:
    """The sample with one more character in its last answer and its reference."""
    text = sample.messages[-1].parts[0].text
    other = text.replace("return", "return not", 1) if family(sample) == "code" else text + "0"
    if family(sample) == "formats":
        other = text.replace('": ', '": 1', 1) if '": "' not in text[:14] else text.replace('": "', '": "Q', 1)
    answer = other if "worked" not in sample.tags else sample.answer.text + "0"
    last = Turn(role="assistant", parts=(text_part(other),))
    messages = (*sample.messages[:-1], last)
    return Specimen(replace(sample, messages=messages, answer=Answer(text=answer, verifier=sample.answer.verifier)), {})


def test_the_same_seed_gives_the_same_samples(made: list[Specimen]) -> None:
    with GENERATOR.open() as make:
        assert list(specimens(GENERATOR, make, 1, 40, 60)) == made[40:60]


def test_every_family_in_both_languages_with_one_to_four_turns(made: list[Specimen]) -> None:
    seen = Counter((family(each.sample), each.sample.tags[1]) for each in made)
    assert set(seen) == {(name, f"language:{language}") for name in FAMILIES for language in ("en", "zh")}
    assert {len(each.sample.messages) // 2 for each in made} == {1, 2, 3, 4}
    assert len({normalised(texts(each.sample)) for each in made}) == len(made)


def test_answers_follow_from_the_prompts(made: list[Specimen]) -> None:
    code = [each for each in made if family(each.sample) == "code"][:3]
    rest = [each for each in made if family(each.sample) != "code"]
    assert wrong([*rest, *code], None, "") == []


def test_a_wrong_answer_is_reported_in_every_family(made: list[Specimen]) -> None:
    for name in sorted(FAMILIES):
        sample = next(each.sample for each in made if family(each.sample) == name)
        assert len(wrong([spoiled(sample)], None, "")) == 1, texts(sample)


def test_a_wrong_step_is_reported(made: list[Specimen]) -> None:
    sample = next(each.sample for each in made if "worked" in each.sample.tags and family(each.sample) == "stories")
    text = sample.messages[1].parts[0].text
    first, rest = text.split("\n", 1)
    turn = Turn(role="assistant", parts=(text_part(f"{first}1\n{rest}"),))
    assert "the step" in wrong([Specimen(replace(sample, messages=(sample.messages[0], turn)), {})], None, "")[0]


def test_no_preset_drops_any(made: list[Specimen]) -> None:
    from filters.presets import presets

    rules = {name: rule for name, rule in presets().items() if not rule.tasks or "text" in rule.tasks}
    decided = decide_groups([made[:200]], rules)[0]
    assert {name: int(decided[name].sum()) for name in decided.columns if decided[name].any()} == {}
    assert QUARANTINE in decided.columns


def test_code_that_does_something_else_fails_its_tests() -> None:
    rng = random.Random(3)
    with GENERATOR.open() as make:
        sample = next(s for _ in range(999) if "tests" in (s := make(rng)[0].sample).tags)
    assert code_passes(sample)
    name = sample.answer.text.split("(")[0].split("def ")[1]
    assert not code_passes(sample, f"def {name}(x):\n    return None")
    assert not code_passes(sample, "raise SystemExit(0)")
