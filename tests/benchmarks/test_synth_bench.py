"""The arithmetic of the generators' benchmark, on generators that are wrong or repeat themselves on purpose."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # `tests` is no package of the project; benchmarks are run from the root

from synth.catalogue import generators  # noqa: E402
from synth.generator import Make  # noqa: E402
from synth.specimen import Specimen  # noqa: E402
from tests.benchmarks.synth import figures  # noqa: E402
from tests.benchmarks.synth_alike import distinct_trigrams, near_share, near_texts, repeated  # noqa: E402
from tests.benchmarks.synth_work import Worked, truth_of, worked  # noqa: E402
from tests.curation.signs import SIGNS, make  # noqa: E402


def odd(made: Sequence[Specimen], again: Make | None, rng_key: str) -> list[str]:
    """Calls both samples of every picture with an odd number wrong, with three messages."""
    assert again is not None and again(random.Random(rng_key)) == made
    return ["first", "second", "third"] if int(rng_key.rpartition("/")[2]) % 2 else []


def test_samples_are_timed_and_checked_and_further_ones_only_looked_at() -> None:
    done = worked(SIGNS, odd, 0, range(0, 6), range(6, 9))
    assert (done.pictures, done.samples, done.checked, done.wrong) == (6, 12, 12, 6)
    assert len(done.keys) == 18 and len(done.shown) == 6 and done.seconds > 0
    assert done.messages[0] == "signs/0/1: first"
    untold = worked(SIGNS, "no check", 0, range(2), range(0))
    assert (untold.checked, untold.untold) == (0, "no check")
    assert "truth_signs" in str(truth_of("signs"))


def test_every_generator_has_its_check() -> None:
    assert [name for name in generators() if not callable(truth_of(name))] == []


def test_figures_add_up_over_the_processes() -> None:
    def half(seconds: float, keys: list[bytes]) -> Worked:
        return Worked(samples=10, pictures=5, seconds=seconds, cpu=3.0, checked=10, wrong=1, messages=["m"], keys=keys)

    told = figures([half(2.0, [b"a", b"b"]), half(4.0, [b"b", b"c"])], 20)
    assert told["rates"] == 7.5 and told["pictures_per_s"] == 3.75  # 10/2 + 10/4, 5/2 + 5/4
    assert told["cpu_s_per_sample"] == 0.3  # 6 s for 20
    assert told["truth"] == {"checked": 20, "wrong": 2} and told["alike"] == 1
    assert told["examples"] == ["m", "m"]


def test_a_generator_that_repeats_itself_is_seen() -> None:
    @contextmanager
    def stuck() -> Iterator[Make]:
        yield lambda rng: make(random.Random(rng.random() < 0.5))

    done = worked(replace(SIGNS, open=stuck), "", 0, range(8), range(0))
    assert repeated(done.keys) == 16 - 4  # two pictures with two samples each
    assert near_share(done.shown) == 6 / 8
    assert near_share(worked(SIGNS, "", 0, range(8), range(0)).shown) == 0.0


def test_near_texts_are_those_that_say_the_same() -> None:
    texts = [
        ("Sort these numbers: 4, 1, 3.", "The numbers in order are 1, 3, 4."),
        ("Sort these numbers:  4, 1, 3", "The numbers in order are 1, 3, 4"),
        ("Sort these numbers: 4, 1, 9.", "The numbers in order are 1, 4, 9."),
        ("Name a city.", "Oslo."),
    ]
    assert near_texts(texts) == 0.25


def test_trigrams_are_of_words_or_of_characters() -> None:
    assert distinct_trigrams([("a b c d", ""), ("a b c", "e")]) == pytest.approx(2 / 3)  # abc, bcd, abc
    assert distinct_trigrams([("一二三四", "")]) == 1.0
    assert distinct_trigrams([("一二三", "一二三")]) == 0.5
    assert distinct_trigrams([]) == 0.0


def test_an_unknown_generator_is_refused_with_those_that_there_are() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.synth", "--only", "nothing", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no generator nothing" in done.stderr


def test_figures_are_json() -> None:
    assert json.loads(json.dumps(figures([Worked(seconds=1.0)], 1)))["near"] == 0.0
