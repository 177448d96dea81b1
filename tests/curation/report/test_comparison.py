"""Evaluations beside each other, on answers whose differences are known."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.report.comparison import as_data, compare, read_evaluations, render_comparison
from curation.stage import StageError
from trainer.evaluate import PREDICTIONS, PREFERENCES
from trainer.metrics import intervals, summarise

ROOT = Path(__file__).parents[3]


def _row(number: int, score: float, edits: int, loss: float) -> dict[str, Any]:
    return {
        "row_id": f"r{number:03}", "source": "made", "task": "ocr", "verifier": "anls",
        "prediction": "", "reference": "", "loss": loss,
        "weight": 2.0, "scores": [("anls", score)], "errors": [("cer", {"edits": edits, "length": 10})],
    }  # fmt: skip


def _evaluation(folder: Path, rows: list[dict[str, Any]], preferred: list[float] | None = None) -> Path:
    """Written as `winnow eval` writes it."""
    records = [
        {**row, "nll": row["loss"] * row["weight"], "scores": dict(row["scores"]),
         "errors": {name: (each["edits"], each["length"]) for name, each in row["errors"]}}
        for row in rows
    ]  # fmt: skip
    metrics, ends = summarise(records), intervals(records)
    folder.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=PREDICTIONS), folder / "predictions.parquet")
    if preferred is not None:
        pairs = [{"row_id": f"p{place}", "source": "made", "scores": [("accuracy", value)]}
                 for place, value in enumerate(preferred)]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(pairs, schema=PREFERENCES), folder / "preferences.parquet")
        metrics["preference/accuracy"] = sum(preferred) / len(preferred)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "intervals.json").write_text(json.dumps(ends))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Of 100 rows the second is right on 10 more, with fewer wrong characters, and the same loss on average."""
    first = [_row(n, float(n < 50), 5, 1.0) for n in range(100)]
    second = [_row(n, float(n < 60), 4, 1.5 if n % 2 else 0.5) for n in range(100)]
    third = [_row(n, float(n >= 60), 6, 2.0) for n in range(100)]
    return [
        _evaluation(tmp_path / "base", first, [0.0, 1.0] * 30),
        _evaluation(tmp_path / "sft", second, [1.0] * 60),
        _evaluation(tmp_path / "<b>other", third),
    ]


def test_what_is_certain_is_told(folders: list[Path]) -> None:
    found = compare(read_evaluations(folders))
    assert found.names == ("base", "sft", "<b>other") and found.rows == (100, 100, 100)
    lines = {(line.task, line.metric): line for line in found.lines}
    assert list(lines) == [
        ("all tasks", "loss"),
        ("ocr", "anls"),
        ("ocr", "cer"),
        ("ocr", "loss"),
        ("preference", "accuracy"),
    ]
    verdicts = {name: [cell.verdict for cell in line.cells] for name, line in lines.items()}
    assert verdicts["ocr", "anls"] == ["", "better", ""]  # 0.5, 0.6, and 0.4 that is wrong where the first is right
    assert verdicts["ocr", "cer"] == ["", "better", "worse"]  # less is better
    assert verdicts["ocr", "loss"] == ["", "", "worse"]
    assert verdicts["preference", "accuracy"] == ["", "better", ""]
    assert lines["ocr", "anls"].best == {1} and lines["ocr", "cer"].best == {1}
    assert lines["preference", "accuracy"].cells[2].value is None
    second = lines["ocr", "anls"].cells[1]
    assert second.difference and second.difference.value == pytest.approx(0.1) and second.difference.rows == 100
    assert second.interval and second.interval[0] < 0.6 < second.interval[1]


def test_one_evaluation_is_a_table_of_its_own(folders: list[Path]) -> None:
    found = compare(read_evaluations(folders[:1]))
    assert {cell.difference for line in found.lines for cell in line.cells} == {None}


def test_other_rows_give_no_difference(folders: list[Path], tmp_path: Path) -> None:
    other = _evaluation(tmp_path / "elsewhere", [_row(n, 1.0, 0, 0.0) for n in range(200, 220)])
    found = compare(read_evaluations([folders[0], other]))
    assert all(line.cells[1].difference is None for line in found.lines)


def test_equal_names_become_paths(folders: list[Path], tmp_path: Path) -> None:
    again = _evaluation(tmp_path / "later" / "base", [_row(n, 1.0, 0, 0.0) for n in range(3)])
    assert [each.name for each in read_evaluations([folders[0], again])] == [str(folders[0]), str(again)]


def test_what_is_no_evaluation_is_refused(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(StageError, match="metrics.json is not there"):
        read_evaluations([tmp_path])
    old = pa.table({"row_id": ["a"], "task": ["vqa"]})
    pq.write_table(old, folders[0] / "predictions.parquet")
    with pytest.raises(StageError, match="is not what `winnow eval` writes"):
        read_evaluations(folders)


class _Page(HTMLParser):
    """What a page loads, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attributes if name in ("src", "href")]


def test_the_page_is_one_file_and_names_stay_data(folders: list[Path]) -> None:
    text = render_comparison(compare(read_evaluations(folders)))
    page = _Page(text)
    assert "script" not in page.tags and all(source.startswith("data:") for source in page.sources)
    assert page.tags.count("figure") == page.tags.count("img") == 5
    assert "&lt;b&gt;other" in text and "<b>other" not in text
    assert "0.600" in text and text.count("▲") == 3 + 1 and text.count("▼") == 3 + 1  # and once in the words
    assert text == render_comparison(compare(read_evaluations(folders)))


def test_the_command(folders: list[Path], tmp_path: Path) -> None:
    def winnow(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "ignore", "-m", "curation", "compare", *map(str, folders), *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    told = winnow("--json", "--html", str(tmp_path / "new" / "page.html"))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == json.loads(json.dumps(as_data(compare(read_evaluations(folders)))))
    assert "Checkpoints compared" in (tmp_path / "new" / "page.html").read_text()
    shown = winnow().stdout
    assert "0.600 [" in shown and "] ▲" in shown
    assert "<b>other" in shown
