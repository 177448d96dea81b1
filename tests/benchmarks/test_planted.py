"""The benchmarks' own arithmetic, and that clean specimens are what they say."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # `tests` is no package of the project; benchmarks are run from the root

from curation.contract.rule import Rule  # noqa: E402
from filters.api import measure  # noqa: E402
from synth.defects.planting import Defect, with_answer, with_image  # noqa: E402
from synth.specimen import Specimen  # noqa: E402
from tests.benchmarks import clean, planted  # noqa: E402
from tests.benchmarks.cpu import Used, run_tree  # noqa: E402
from tests.benchmarks.filters import summarise  # noqa: E402
from tests.benchmarks.filters_speed import figures  # noqa: E402
from tests.benchmarks.pairs import draw_pairs  # noqa: E402


@pytest.mark.parametrize("task", clean.TASKS)
def test_drawn_specimens_are_distinct_deterministic_and_whole(task: Any) -> None:
    found = clean.drawn(task, 8, seed=3)
    assert found == clean.drawn(task, 8, seed=3)
    assert len({specimen.sample.sample_id for specimen in found}) == 8
    for specimen in found:
        assert specimen.sample.task == task
        assert {medium.sha256 for medium in specimen.sample.media} == set(specimen.images)
        for step in specimen.sample.steps:
            assert step.media < len(specimen.sample.media) and step.region < len(specimen.sample.regions)


def test_real_specimens_are_drawn_from_every_set(real_data: Path) -> None:
    for name, task in clean.real_sets().items():
        found = clean.real(name, real_data, 6)
        assert len(found) == 6 and {specimen.sample.task for specimen in found} == {task}
        assert found == clean.real(name, real_data, 6)
    for both in clean.real("receipts_both", real_data, 6):  # the fields are of the receipt whose lines they have
        company = json.loads(both.sample.answer.text)["company"].replace(" ", "")
        assert company[:6] in "".join(region.text for region in both.sample.regions).replace(" ", "")
    sessions = clean.real("screenagent", real_data, 50)
    assert max(len(specimen.sample.steps) for specimen in sessions) > 4


def _shorten(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A word in place of the answer, where a coin says so."""
    return with_answer(specimen, "ok") if rng.random() < 0.5 else None


RULES = {
    "says_something": Rule(signal="answer_words", min=3, tasks=("caption",)),
    "unlike_others": Rule(signal="answer_words", max=12),
}


@pytest.fixture
def catalogue_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(specimen: Specimen, rng: random.Random) -> Specimen:
        raise RuntimeError("no number here")

    def cut(specimen: Specimen, rng: random.Random) -> Specimen:
        data = specimen.images[specimen.sample.media[0].sha256]
        return with_image(specimen, 0, data[: len(data) // 2])

    made = [
        Defect(name="short", rule="says_something", tasks=("caption",), plant=_shorten),
        Defect(name="harmless", rule="says_something", tasks=("caption",), plant=lambda specimen, rng: specimen),
        Defect(name="broken", rule="says_something", tasks=("caption",), plant=broken),
        Defect(name="cut", rule="", tasks=("caption",), plant=cut),
    ]
    for module in ("tests.benchmarks.planted", "tests.benchmarks.filters"):
        monkeypatch.setattr(f"{module}.defects", lambda: {each.name: each for each in made})
    monkeypatch.setattr(planted, "presets", lambda: RULES)


@pytest.mark.usefixtures("catalogue_of_two")
def test_recall_and_precision_are_counted_by_the_defects_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    found = planted.run_set("caption", "caption", None, 50, 0)
    assert {name: (of.n, of.caught) for name, of in found.defects.items()} == {
        "short": (10, 10), "harmless": (10, 0), "broken": (0, 0), "cut": (10, 10),
    }  # fmt: skip
    assert found.defects["broken"].error == "RuntimeError: no number here"
    words = measure_words(clean.drawn("caption", 50, 0))
    assert found.by_rule.get("unlike_others", 0) == sum(count > 12 for count in words)
    result = summarise([replace(found, rows=50, by_rule={"says_something": 1}, dropped=1)], [])
    # One of 50 clean rows is dropped: beside 10 planted there would be 50 clean, so 10 / (10 + 1).
    assert result["defects"]["short"]["precision"] == pytest.approx(10 / 11, abs=1e-4)
    assert result["defects"]["cut"]["precision"] == 1.0
    assert result["false_drops"] == {"caption": 0.02}
    missed = "\n".join(result["missed"])
    assert "harmless: recall 0.000" in missed and "short: precision 0.909" in missed
    assert "broken: nothing could be planted" in missed and "caption: 0.020 of clean rows dropped" in missed


def measure_words(specimens: list[Specimen]) -> list[int]:
    rows = [{"answer": specimen.sample.answer.text} for specimen in specimens]
    import polars as pl

    return measure(pl.DataFrame(rows), signals=["answer_words"])["answer_words"].to_list()


def test_figures_follow_from_the_runs_of_all_sizes() -> None:
    def used(cpu: float) -> Used:
        return Used(cpu=cpu, wall=10.0, peak=2 * 10**9, worker_peak=10**8, output="")

    runs = {50: used(20.0), 2000: used(24.0), 20_000: used(60.0)}
    found = figures(runs, runs)
    assert found["cpu_s_per_1k_marginal"] == 2.0  # 36 s for 18,000 rows
    assert found["cpu_s_per_1k_total"] == 3.0
    assert found["rows_per_s"] == 2000.0
    assert found["exponent"] == 1.0  # 4 s grow to 40 s while the rows grow tenfold


def test_cpu_time_of_a_grandchild_that_outlives_its_parent_counts() -> None:
    busy = "import time\nwhile time.process_time() < 0.6: pass"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"
    assert run_tree([sys.executable, "-c", code], ROOT).cpu >= 0.6
    with pytest.raises(RuntimeError, match="ended with 3"):
        run_tree([sys.executable, "-c", "raise SystemExit(3)"], ROOT)


def test_pairs_are_distinct_and_the_same_again(tmp_path: Path) -> None:
    first, second = (draw_pairs(tmp_path / name, 12, jobs=1) for name in "ab")
    files = [path.read_bytes() for path in sorted(first.glob("images/*/*.jpg"))]
    assert len(set(files)) == 12
    assert files == [path.read_bytes() for path in sorted(second.glob("images/*/*.jpg"))]
    assert (first / "pairs.jsonl").read_text() == (second / "pairs.jsonl").read_text()


def test_an_unknown_defect_is_refused_with_those_that_there_are() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.filters", "--defect", "nothing"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no defect nothing" in done.stderr
