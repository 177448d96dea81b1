"""Embeddings by tiny checkpoints of each kind, and by the shipped one on real receipts."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from model.embed import DIGITS, Embedder, Embeddings, _batches, _joined
from model.image import Pixels, decode
from model.load import load_checkpoint
from model.offline import prepare
from model.shipped import NANO

prepare()  # before the first of transformers' classes is asked for

WORDS = "[PAD] [UNK] [CLS] [SEP] a b c d e f g h".split()
TEXTS = ["a b c", "d", "a b c d e f g h a b c d", "e f", ""]


def tokenizer(most: int = 16) -> transformers.PreTrainedTokenizerFast:
    """One token a letter, between [CLS] and [SEP]."""
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=most, **names)


def save(model: Any, folder: Path, *parts: Any) -> Path:
    for part in (model, *parts):
        part.save_pretrained(folder)
    return folder


def tiny(kind: type[Any], config: Any) -> Any:
    """A model whose random weights are loud enough to tell inputs apart."""
    torch.manual_seed(5)
    made = kind(config).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.normal_(std=0.2)
    return made


SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
READS = {**SIZES, "vocab_size": 12, "max_position_embeddings": 16}
SEES = {**SIZES, "image_size": 28, "patch_size": 14}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = {**READS, "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    config = transformers.CLIPConfig(text_config=text, vision_config=SEES, projection_dim=24)
    side = {"height": 28, "width": 28}
    images = transformers.CLIPImageProcessor(size={"shortest_edge": 28}, crop_size=side)
    return save(tiny(transformers.CLIPModel, config), tmp_path_factory.mktemp("clip"), images, tokenizer())


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = transformers.SiglipConfig(text_config={**READS, "pad_token_id": 0}, vision_config=SEES)
    images = transformers.SiglipImageProcessor(size={"height": 28, "width": 28})
    return save(tiny(transformers.SiglipModel, config), tmp_path_factory.mktemp("siglip"), images)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(
        tiny(transformers.BertModel, transformers.BertConfig(**READS)), tmp_path_factory.mktemp("bert"), tokenizer()
    )


def qwen(kind: str, folder: Path) -> Path:
    """A Qwen2-VL or Qwen3-VL whose language model is as small as it can be."""
    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    text = {**SIZES, "vocab_size": 64, "num_key_value_heads": 1, "rope_parameters": rope}
    if kind == "qwen2_vl":
        sees = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14}
        model = tiny(
            transformers.Qwen2VLForConditionalGeneration,
            transformers.Qwen2VLConfig(text_config=text, vision_config=sees),
        )
        return save(model, folder, transformers.Qwen2VLImageProcessor(patch_size=14))
    sees = {"depth": 3, "hidden_size": 32, "num_heads": 2, "intermediate_size": 48, "out_hidden_size": 32}
    sees |= {"patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}
    text["head_dim"] = 16
    model = tiny(
        transformers.Qwen3VLForConditionalGeneration, transformers.Qwen3VLConfig(text_config=text, vision_config=sees)
    )
    return save(model, folder, transformers.Qwen2VLImageProcessor(patch_size=16))


def drawn(count: int) -> list[Pixels]:
    """Noise of different sizes, with darker and lighter halves."""
    images = []
    for seed in range(count):
        source = np.random.default_rng(seed)
        image = source.integers(0, 256, (60 + 35 * (seed % 3), 90 + 20 * (seed % 2), 3)) // 2
        image[:, : 20 * (seed + 1)] += 100
        images.append(image.astype(np.uint8))
    return images


def apart(embed: Callable[[Sequence[Any]], Embeddings], inputs: Sequence[Any]) -> Embeddings:
    return np.concatenate([embed([one]) for one in inputs])


def unit(rows: torch.Tensor) -> Embeddings:
    found: Embeddings = torch.nn.functional.normalize(rows.detach()).numpy()
    return found


def check_rows(rows: Embeddings, count: int, width: int) -> None:
    assert rows.shape == (count, width) and rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(rows, rows.astype(np.float64).round(DIGITS).astype(np.float32))


def test_a_qwen_row_is_the_mean_of_its_images_merged_features() -> None:
    """The tower alone is loaded, and gives what the whole checkpoint gives."""
    embedder, images = Embedder.load(NANO, "cpu"), drawn(2)
    rows = embedder.embed_images(images)
    check_rows(rows, 2, 192)
    assert embedder.kinds == {"image"}
    whole = load_checkpoint(NANO, "cpu")
    for row, image in zip(rows, images, strict=True):
        cut = whole.processor.image_processor(images=[image], return_tensors="pt")
        with torch.inference_mode():
            features = whole.model.model.get_image_features(**cut).pooler_output[0].mean(0)
        assert row == pytest.approx((features / features.norm()).numpy(), abs=1e-4)


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen3_vl"])
def test_every_family_has_a_tower(kind: str, tmp_path: Path) -> None:
    folder, images = qwen(kind, tmp_path), drawn(3)
    rows = Embedder.load(folder, "cpu").embed_images([*images, images[0]])
    check_rows(rows, 4, 32)
    assert np.array_equal(rows[0], rows[3]) and not np.array_equal(rows[0], rows[1])


@pytest.mark.parametrize("kind", ["nano", "clip", "siglip"])
def test_images_have_rows_of_their_own(kind: str, request: pytest.FixtureRequest) -> None:
    """Equal images have equal rows, different ones do not; what shares a batch, and in which order, shows nowhere."""
    embedder = Embedder.load(NANO if kind == "nano" else request.getfixturevalue(kind), "cpu")
    images = drawn(6)
    rows = embedder.embed_images([*images, images[2].copy()])
    check_rows(rows, 7, {"nano": 192, "clip": 24, "siglip": 32}[kind])
    assert np.array_equal(rows[2], rows[6])
    assert rows[2] @ rows[6] == pytest.approx(1, abs=1e-3)
    assert len(np.unique(rows, axis=0)) == 6
    assert np.array_equal(rows[:6], apart(embedder.embed_images, images))
    assert np.array_equal(rows[5::-1], embedder.embed_images(images[::-1]))
    assert embedder.images
    together = embedder.images.embed(_joined([embedder.images.cut(image) for image in images], "cpu"))
    assert rows[:6] == pytest.approx(unit(together), abs=1e-4)
    assert embedder.embed_images([]).shape == (0, rows.shape[1])


@pytest.mark.parametrize("kind", ["clip", "bert"])
def test_texts_have_rows_of_their_own(kind: str, request: pytest.FixtureRequest) -> None:
    embedder = Embedder.load(request.getfixturevalue(kind), "cpu")
    rows = embedder.embed_texts([*TEXTS, TEXTS[0]])
    check_rows(rows, 6, {"clip": 24, "bert": 32}[kind])
    assert np.array_equal(rows[0], rows[5])
    assert len(np.unique(rows, axis=0)) == 5
    assert np.array_equal(rows[:5], apart(embedder.embed_texts, TEXTS))
    assert embedder.texts
    together = embedder.texts.embed(embedder.texts.tokens(TEXTS, embedder.texts.padding, "pt"))
    assert rows[:5] == pytest.approx(unit(together), abs=1e-4)
    assert embedder.embed_texts([]).shape == (0, rows.shape[1])


def test_a_pair_embeds_both_and_an_image_side_alone_only_images(clip: Path, siglip: Path) -> None:
    both, images = Embedder.load(clip, "cpu"), Embedder.load(siglip, "cpu")
    assert both.kinds == {"image", "text"}
    assert images.kinds == {"image"}  # its folder has no tokenizer
    with pytest.raises(ValueError, match=f"{siglip.name} embeds images only"):
        images.embed_texts(["a"])


def test_siglip_reads_texts_padded_to_its_full_length(siglip: Path, tmp_path: Path) -> None:
    """As it was trained: its row is that of its last place, whatever stands there."""
    folder = shutil.copytree(siglip, tmp_path / "both")
    tokenizer().save_pretrained(folder)
    model, made = transformers.SiglipModel.from_pretrained(folder).eval(), tokenizer()
    padded = made(TEXTS[0], padding="max_length", max_length=16, return_tensors="pt")
    with torch.inference_mode():
        wanted = model.get_text_features(padded["input_ids"], padded["attention_mask"]).pooler_output[0]
    row = Embedder.load(folder, "cpu").embed_texts(TEXTS)[0]
    assert row == pytest.approx((wanted / wanted.norm()).numpy(), abs=1e-4)


def test_a_sentence_is_the_mean_of_its_tokens_or_its_first(bert: Path, tmp_path: Path) -> None:
    ids = torch.tensor([[2, 4, 5, 6, 3]])  # [CLS] a b c [SEP]
    with torch.inference_mode():
        hidden = transformers.BertModel.from_pretrained(bert).eval()(ids).last_hidden_state[0]
    mean = Embedder.load(bert, "cpu").embed_texts(["a b c", "a b c d e f g"])[0]
    assert mean == pytest.approx(torch.nn.functional.normalize(hidden.mean(0), dim=0).numpy(), abs=1e-4)
    folder = shutil.copytree(bert, tmp_path / "first")
    for told in (
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False, "include_prompt": True},
        {"pooling_mode": "cls"},
    ):
        pooling(folder, told)
        first = Embedder.load(folder, "cpu").embed_texts(["a b c", "a b c d e f g"])[0]
        assert first == pytest.approx(torch.nn.functional.normalize(hidden[0], dim=0).numpy(), abs=1e-4)
    pooling(folder, {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True})
    with pytest.raises(ValueError, match="pools by max_tokens, mean_tokens; only"):
        Embedder.load(folder, "cpu")


def pooling(folder: Path, told: dict[str, Any]) -> None:
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(told))


def test_a_text_is_cut_where_the_encoder_ends_and_forges_no_special_tokens(bert: Path, tmp_path: Path) -> None:
    embedder = Embedder.load(bert, "cpu")
    long = "a b c d e f g h a b c d e f"  # 14 letters, with the two special tokens 16
    beyond, short, forged, unknown = embedder.embed_texts([f"{long} g", "a b", "a [SEP] b", "a zzz b"])
    assert np.array_equal(beyond, embedder.embed_texts([long])[0])
    assert np.array_equal(forged, unknown) and not np.array_equal(forged, short)
    folder = shutil.copytree(bert, tmp_path / "short")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 4}')
    assert np.array_equal(*Embedder.load(folder, "cpu").embed_texts(["a b", "a b c"]))


def test_batches_hold_what_fits_if_all_were_as_large_as_the_largest() -> None:
    assert list(_batches([("a", 2), ("b", 3), ("c", 3), ("d", 9), ("e", 1)], 9)) == [["a", "b", "c"], ["d"], ["e"]]
    assert list(_batches([("a", 20), ("b", 20)], 9)) == [["a"], ["b"]]  # more than fits goes alone
    assert list(_batches([("a", 1), ("b", 1)], 0)) == [["a"], ["b"]]
    assert list(_batches([], 9)) == []


def test_what_cannot_be_embedded_is_refused_in_words(bert: Path, tmp_path: Path) -> None:
    nano = Embedder.load(NANO, "cpu")
    with pytest.raises(ValueError, match="nano embeds images only"):
        nano.embed_texts(["a"])
    with pytest.raises(ValueError, match="is a text encoder and takes no images. Give the folder of a Qwen2-VL"):
        Embedder.load(bert, "cpu").embed_images(drawn(1))
    line, empty, grey = np.zeros((1, 201, 3), np.uint8), np.zeros((0, 9, 3), np.uint8), np.zeros((9, 9), np.uint8)
    for bad in (line, empty, grey):
        with pytest.raises(ValueError, match=r"image 1 is \("):
            nano.embed_images([*drawn(1), bad])


def test_other_folders_are_refused_in_words(bert: Path, tmp_path: Path) -> None:
    def refused(folder: Path, why: str) -> None:
        with pytest.raises(ValueError, match=why) as error:
            Embedder.load(folder, "cpu")
        assert str(folder) in str(error.value)

    refused(tmp_path / "nowhere", "holds no config.json: it is no folder")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, "holds no config.json")
    (empty / "adapter_config.json").touch()
    refused(empty, "is an adapter")
    unknown = tmp_path / "unknown"
    unknown.mkdir()
    (unknown / "config.json").write_text('{"model_type": "mine", "auto_map": {"AutoModel": "mine.Model"}}')
    refused(unknown, "is a 'mine', which gives no embeddings")
    sizes = {"n_embd": 8, "n_layer": 1, "n_head": 1, "vocab_size": 12}
    decoder = save(tiny(transformers.GPT2Model, transformers.GPT2Config(**sizes)), tmp_path / "decoder", tokenizer())
    refused(decoder, "is a 'gpt2', which gives no embeddings")
    pickled = shutil.copytree(bert, tmp_path / "pickled")
    torch.save(load_file(pickled / "model.safetensors"), pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    refused(pickled, "cannot be opened")
    lacking = shutil.copytree(NANO, tmp_path / "lacking")
    weights = load_file(lacking / "model.safetensors")
    del weights["visual.blocks.0.attn.qkv.weight"]
    save_file(weights, lacking / "model.safetensors", metadata={"format": "pt"})
    refused(lacking, "lacks weights: blocks.0.attn.qkv.weight")
    (lacking / "model.safetensors").write_bytes(b"junk")
    refused(lacking, "cannot be opened")


def test_a_recompressed_receipt_is_nearest_to_its_original(real_data: Path) -> None:
    images, again = [], []
    for path in sorted((real_data / "receipts" / "images").iterdir())[:12]:
        images.append(decode(path.read_bytes()))
        buffer = io.BytesIO()
        Image.fromarray(images[-1]).save(buffer, "JPEG", quality=50)
        again.append(decode(buffer.getvalue()))
    embedder = Embedder.load(NANO, "cpu")
    similarity = embedder.embed_images(again).astype(np.float64) @ embedder.embed_images(images).T
    assert similarity.argmax(axis=1).tolist() == list(range(12))
    assert similarity.diagonal().min() > 0.999
