"""What a dry run says, against counts by hand and against the training itself; it reads no weights and no images."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import trainer  # noqa: F401  before any of the torch libraries
from curation.cli import main
from curation.contract.training import DpoSettings, TrainSettings
from model.attention import use_attention
from model.encode import encode
from model.family import family
from model.inputs import DataError
from model.load import load_checkpoint, load_empty
from model.policy import part
from model.token_scores import add_token_scores
from tests.model.families import NAMES, sample_of, tiny
from tests.model.test_pack import inputs
from trainer.memory import Largest, estimate, layer_numbers, parameters
from trainer.preview import preview_dpo, preview_sft
from trainer.sft import train_sft

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

# nano: linear layers of four blocks as (in, out), for q, k, v, o, gate, up and down.
LINEAR = ((192, 192), (192, 64), (192, 64), (192, 192), (192, 512), (192, 512), (512, 192))


def _settings(nano: Path, **changes: Any) -> TrainSettings:
    return TrainSettings(**{"model": str(nano), "lora_rank": 4, "pack_tokens": 122, **changes})


@pytest.fixture
def bare(nano: Path, tmp_path: Path) -> Path:
    """A checkpoint whose weights can't be read."""
    folder = tmp_path / "bare"
    shutil.copytree(nano, folder)
    (folder / "model.safetensors").write_bytes(b"no weights")
    return folder


def _rows(made: Any) -> list[Any]:
    """Two of one image of 4 x 3 merged patches, one of another of 3 x 3, one of text, one that is too long."""
    red, blue = made.image("red", 112, 84, (10, 10, 60, 60)), made.image("blue", 84, 84, (10, 10, 60, 60))
    return [
        made.row("one", "What is it?", "A box.", [red]),
        made.row("other", "Which colour?", "Red.", [red]),
        made.row("blue", "Which colour?", "Blue.", [blue]),
        made.row("text", "What is 2 + 2?", "It is 4."),
        made.row("long", "Count.", "7 " * 200),
    ]


def test_counts_by_hand(made: Any, nano: Path, bare: Path) -> None:
    rows = _rows(made)
    table = made.table(rows)
    shutil.rmtree(Path(made.store) / "media")
    found = preview_sft(table, _settings(bare))
    tokenizer = load_checkpoint(nano, "cpu").processor.tokenizer
    tokens = {row.row_id: len(encode(row, tokenizer).ids) for row in rows[:4]}
    # Any two of them fit into 122 tokens, and no three do.
    assert min(tokens["one"], tokens["other"], tokens["blue"]) > 122 / 3 and max(tokens.values()) <= 61
    assert (found["samples"], found["steps"], found["packs"], found["processes"]) == (4, 2, 2, 1)
    assert found["tokens"] == sum(tokens.values())
    assert found["image_tokens"] == 12 + 12 + 9
    assert found["unfilled"] == pytest.approx(1 - sum(tokens.values()) / 244, abs=1e-4)
    assert (found["images"], found["distinct_images"]) == (3, 2)
    assert found["left_out"] == {"longer than 122 tokens": ["long"]}
    assert sorted(each for one in found["shown"] for each in one) == sorted(
        (tokens[name], seen) for name, seen in (("one", 12), ("other", 12), ("blue", 9), ("text", 0))
    )
    twice = preview_sft(table, _settings(bare, epochs=2, accumulation=3))
    assert (twice["steps"], twice["packs"], twice["tokens"]) == (2, 6, 2 * found["tokens"])
    assert twice["unfilled"] == pytest.approx(1 - 2 * sum(tokens.values()) / (6 * 122), abs=1e-4)


def test_pairs_count_their_prompt_once_where_it_is_shared(made: Any, nano: Path, bare: Path) -> None:
    red = made.image("red", 112, 84, (10, 10, 60, 60))
    pair = made.pair("a", "What is it?", "A red box.", "No.", [red])
    table = made.pairs_table([pair])
    tokenizer = load_checkpoint(nano, "cpu").processor.tokenizer
    whole = len(encode(pair.chosen, tokenizer).ids)
    chosen = sum(weight > 0 for weight in encode(pair.chosen, tokenizer).weights)
    rejected = len(encode(made.row("b", "What is it?", "No.", [red]), tokenizer).ids) - (whole - chosen)
    # The prompt but its last token, and that with either answer behind it.
    shared = preview_dpo(table, DpoSettings(), bare)
    assert (shared["tokens"], shared["image_tokens"]) == (whole - chosen - 1 + 1 + chosen + 1 + rejected, 12)
    apart = preview_dpo(table, DpoSettings(attention="eager"), bare)
    assert (apart["tokens"], apart["image_tokens"]) == (2 * (whole - chosen) + chosen + rejected, 24)
    assert (apart["images"], apart["distinct_images"], apart["samples"]) == (1, 1, 1)


@pytest.mark.parametrize("policy", ["llm", "llm+merger", "merger", "all"])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_parameters_are_those_that_train(made: Any, nano: Path, tmp_path: Path, policy: str, method: str) -> None:
    table, settings = made.table(_rows(made)), _settings(nano, policy=policy, method=method, max_steps=1)
    found = preview_sft(table, settings)["parameters"]
    done = train_sft(table, settings, str(tmp_path / "out"))
    assert sum(told["trained"] for told in found.values()) == done["trainable_parameters"]
    model = load_checkpoint(nano, "cpu").model
    for name, told in found.items():
        assert told["all"] == sum(p.numel() for n, p in model.named_parameters() if part(n) == name)
    if (policy, method) == ("llm", "lora"):
        assert found["llm"]["trained"] == 4 * 4 * sum(a + b for a, b in LINEAR)
        assert found["vit"]["trained"] == found["merger"]["trained"] == 0


def test_memory_by_hand(nano: Path) -> None:
    empty = load_empty(nano).model
    assert all(parameter.is_meta for parameter in empty.parameters())
    every = sum(told["all"] for told in parameters(empty, _settings(nano)).values())
    adapter = 4 * 4 * sum(a + b for a, b in LINEAR)
    largest = Largest(tokens=100, patches=48, targets=10)
    lora = estimate(empty, _settings(nano), largest)
    assert lora["weights"] == 2 * every + 4 * adapter
    assert (lora["casts"], lora["gradients"], lora["optimiser"]) == (2 * adapter, 4 * adapter, 8 * adapter)
    # 10 targets over the vocabulary, in both types, with their slopes.
    vocabulary = empty.lm_head.weight.shape[0]
    assert lora["logits"] == 10 * vocabulary * 2 * (2 + 4)
    # Of a layer and a token: width 192, keys 64, MLP 512.
    layer = 2 * (4 * 192 + 3 * 192 + 2 * 64 + 4 * 512) + 4 * 2 * 192
    assert lora["activations"] == 100 * 4 * layer
    assert lora["activations_checkpointed"] == 100 * (4 * 2 * 192 + layer)
    assert lora["vision"] == 0  # features are kept
    parts = ("weights", "casts", "gradients", "optimiser", "vision", "logits")
    assert lora["total"] == sum(lora[name] for name in parts) + lora["activations"]
    assert lora["total_checkpointed"] == lora["total"] - lora["activations"] + lora["activations_checkpointed"]

    full = estimate(empty, _settings(nano, method="full", policy="all"), largest)
    assert (full["weights"], full["casts"]) == (4 * every, 2 * every)
    assert (full["gradients"], full["optimiser"]) == (4 * every, 8 * every)
    # Three blocks of the tower: qkv, proj, gate, up and down by their inputs and outputs, for 48 patches.
    assert full["vision"] == 48 * 3 * 2 * ((96 + 288) + (96 + 96) + 2 * (96 + 192) + (192 + 96))
    uncached = estimate(empty, _settings(nano, cache_gb=0), largest)
    assert uncached["vision"] == full["vision"] // 3  # one block at a time, as nothing is kept for a way back
    four_bit = estimate(empty, _settings(nano, method="qlora"), largest)
    quantised = 4 * sum(a * b for a, b in LINEAR)
    assert four_bit["weights"] == round(quantised * 4.127 / 8 + 2 * (every - quantised)) + 4 * adapter


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_keeps_about_what_is_reckoned(name: str) -> None:
    """Against what autograd does keep, on a CPU in float32, by what a third layer adds to two."""
    kept = {}
    sample = sample_of(family(name), [], 1, words=500)
    for layers in (2, 3):
        model = tiny(name).train()
        model.model.language_model.layers = model.model.language_model.layers[:layers]
        model.model.visual.requires_grad_(False)
        add_token_scores(model)
        use_attention(model, "sdpa")
        weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
        held: dict[int, torch.UntypedStorage] = {}

        def hold(tensor: torch.Tensor, held: Any = held, weights: Any = weights) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                held[storage.data_ptr()] = storage
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(hold, lambda tensor: tensor):
            loss = model(**inputs(family(name), [sample], "sdpa")).sum()
        kept[layers] = sum(storage.nbytes() for storage in held.values())
        assert loss.requires_grad
    measured = (kept[3] - kept[2]) / len(sample.shared.ids) / 4
    assert sum(layer_numbers(tiny(name))) == pytest.approx(measured, rel=0.1)


def test_what_a_training_would_refuse_is_refused(made: Any, nano: Path, tmp_path: Path) -> None:
    table = made.table(_rows(made))
    with pytest.raises(DataError, match="all 5 rows are longer than max_length 16"):
        preview_sft(table, _settings(nano, pack_tokens=16))
    with pytest.raises(DataError, match="this training reads one of 'render_dpo'"):
        preview_dpo(table, DpoSettings(), nano)


def test_the_command_shows_it_and_draws_it(
    made: Any, bare: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [
        "winnow",
        "train",
        "sft",
        "--model",
        str(bare),
        "--pack-tokens",
        "122",
        "--data",
        made.table(_rows(made)),
    ]

    def run(*options: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", [*command, *options])
        with pytest.raises(SystemExit) as done:
            main()
        assert done.value.code == code
        told = capsys.readouterr()
        return told.err if code else told.out

    picture = tmp_path / "packs.svg"
    text = run("--dry-run", "--picture", str(picture))
    for words in ("2 of 122 tokens", "33 of them images'", "3, 2 of them distinct", "longer than 122 tokens", "long"):
        assert words in text
    assert picture.read_text().lstrip().startswith("<?xml")
    first = picture.read_bytes()
    assert json.loads(run("--dry-run", "--json", "--picture", str(picture)))["steps"] == 2
    assert picture.read_bytes() == first
    run("--dry-run", "--picture", str(tmp_path / "packs.png"))
    assert (tmp_path / "packs.png").read_bytes()[:4] == b"\x89PNG"
    assert "a picture of packs is an .svg or a .png" in run("--dry-run", "--picture", "packs.gif", code=2)
    assert "with --to, or look first with --dry-run" in run(code=2)
