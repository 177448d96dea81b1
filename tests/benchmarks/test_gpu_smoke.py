"""The GPU benchmark runs where there is no GPU, and its arithmetic is right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # `tests` is no package of the project; benchmarks are run from the root

from tests.benchmarks.gpu import ratios  # noqa: E402

EXACT = 1e-5


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of a run, which is its last line and in a file."""
    out = tmp_path_factory.mktemp("gpu") / "results" / "gpu.json"
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.gpu", "--smoke", "--json", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert json.loads(out.read_text(encoding="utf-8")) == result
    return result


def test_it_runs_to_its_end(told: dict[str, Any]) -> None:
    assert {"device", "torch", "transformers", "correctness", "throughput", "ratios", "skipped", "seconds"} <= set(told)
    assert told["device"] == "cpu"
    assert told["failed"] == told["skipped"] == []
    assert set(told["throughput"]) == {"3b", "7b"}
    for variants in told["throughput"].values():
        for name, found in variants.items():
            if "varlen" in name:
                assert "`varlen` needs" in found["skipped"]
            else:
                assert found["tokens_per_s"] > 0 and found["steps"] > 0, (name, found)
        assert variants["packed_sdpa_cached"]["first_loss"] == pytest.approx(
            variants["packed_sdpa_tower"]["first_loss"], abs=2e-3
        )
        assert variants["dpo_shared_cached"]["first_loss"] == variants["dpo_plain"]["first_loss"] == 0.6931  # log 2
    assert set(told["ratios"]["packed_cached_over_plain"]) == {"3b", "7b"}


@pytest.mark.parametrize("name", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_packs_are_their_rows_in_float32(told: dict[str, Any], name: str) -> None:
    found = told["correctness"][name]
    packed = found["packed_sdpa_fp32_against_each_row_alone"]
    assert packed["loss_difference"] <= EXACT
    assert packed["scores"]["max_abs"] <= EXACT and packed["gradients"]["max_abs"] <= EXACT
    assert found["windows_sdpa_fp32_against_one_by_one"]["max_abs"] <= EXACT
    assert found["control"]["scores"]["max_abs"] > 0.1
    for mode in ("bf16", "autocast"):
        assert found[f"sdpa_{mode}"]["as_good_as_sdpa"]
        assert 0 < found[f"sdpa_{mode}"]["packed"]["gradients"]["relative"] < 0.1
        assert "skipped" in found[f"varlen_{mode}"]


def test_costs_by_hand() -> None:
    import trainer  # noqa: F401  it sets up the libraries
    from tests.benchmarks.gpu_measure import Cost, Work, best_backend, peak_flops, seen_pairs
    from tests.benchmarks.gpu_shapes import config_of

    # Three tokens; two that are shared by branches of one and of two.
    assert seen_pairs(((0, 3), (3, 5, 6, 8))) == 6 + 3 + (2 + 1) + (2 * 2 + 3)
    text = config_of("3b").text_config
    work = Work(tokens=10, scored=4, seen=55)
    head, pairs = 151936 * 2048 * 4, 36 * 2048 * 55
    assert Cost(1000, text).flops(work) == 4 * (1000 * 10 + head) + 12 * pairs
    assert Cost(1000, text, full=True).flops(work) == 6 * (1000 * 10 + head) + 12 * pairs
    assert Cost(1000, text, forwards=1).flops(work) == 6 * (1000 * 10 + head) + 16 * pairs
    assert peak_flops("NVIDIA H100 80GB HBM3") == peak_flops("NVIDIA H200") == 989e12
    assert peak_flops("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak_flops("NVIDIA H100 PCIe") is peak_flops("NVIDIA L4") is None
    assert best_backend("cpu") == "sdpa"


def test_the_shapes_are_those_of_the_released_checkpoints() -> None:
    import trainer  # noqa: F401  it sets up the libraries
    from tests.benchmarks.gpu_shapes import FULL, build, config_of, rows_of

    for shape, millions in (("3b", 3754.6), ("7b", 8292.2)):
        model = build(shape, "meta")  # type: ignore[arg-type]
        assert sum(each.numel() for each in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)
    rows = rows_of(FULL, config_of("3b"))
    assert {medium.vision_tokens for row in rows for medium in row.media} == {450}
    assert max(max(row.ids()) for row in rows) == 151655


def test_ratios_take_what_there_is() -> None:
    found = ratios({"3b": {"packed_varlen_cached": {"error": "?"}, "packed_sdpa_cached": {"tokens_per_s": 6.0},
                           "plain": {"tokens_per_s": 2.0}}, "7b": {}})  # fmt: skip
    assert found == {"packed_cached_over_plain": {"3b": 3.0}}
