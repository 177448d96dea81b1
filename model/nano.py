"""nano: a real Qwen2.5-VL of about three million parameters with random weights, so that the whole loop, training and
evaluation included, runs on a laptop.

Classes, preprocessing, special tokens and chat template are the family's; only the sizes and the vocabulary are ours
(platform defaults). The tokenizer is a byte-level BPE trained on a few generated sentences, so nothing is downloaded.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.actions import Tool, tools_text
from model.complete import complete_or_absent
from model.family import QWEN2_5_VL
from model.offline import prepare

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase, ProcessorMixin

# In the order of their ids in the family's tokenizer; `tokenizer_config.json` of Qwen2.5-VL.
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
# One token each, but not special: decoding with `skip_special_tokens` keeps them.
PLAIN_TOKENS = (
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
# How the family cuts text before BPE: contractions, letters, single digits, punctuation, blanks (its tokenizer.json).
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_VOCABULARY = 2048
_SPREAD = 0.06  # of first weights: about the root of 1 / width, without which seeing takes thousands of steps to begin
_TOOLS: tuple[Tool, ...] = ("computer_use", "mobile_use")
_MIN_PIXELS, _MAX_PIXELS = 4 * 28 * 28, 256 * 28 * 28


def build_nano(out_dir: str | Path, seed: int = 17) -> int:
    """Write an ordinary checkpoint folder with random weights; return the number of parameters.

    The same seed gives the same bytes. The folder is complete or absent. Raises `FileExistsError` where `out_dir`
    exists.
    """
    with complete_or_absent(Path(out_dir)) as partial:
        prepare()
        import torch
        from transformers import Qwen2_5_VLForConditionalGeneration

        processor = _processor(_train_bpe([*sentences(), *_tools()]))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = Qwen2_5_VLForConditionalGeneration(_config(processor.tokenizer))
        model.save_pretrained(partial)
        processor.save_pretrained(partial)
    return int(sum(parameter.numel() for parameter in model.parameters()))


def _config(tokenizer: PreTrainedTokenizerBase) -> Any:
    """Sizes: head width 32 everywhere; `mrope_section` splits its 16 frequency pairs in the family's ratio 16:24:24.

    Sections are cut from the fastest frequencies on, so that columns have the slowest, and a step to the right turns
    them by 0.003 at most: what nano knows of places, it has to see.
    """
    from transformers import Qwen2_5_VLConfig

    hidden = 192
    ids = tokenizer.convert_tokens_to_ids
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": -(-len(tokenizer) // 64) * 64,
            "hidden_size": hidden,
            "intermediate_size": 512,
            "num_hidden_layers": 4,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "max_position_embeddings": 8192,
            "rms_norm_eps": 1e-6,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
            "initializer_range": _SPREAD,
            "tie_word_embeddings": True,
            "bos_token_id": ids("<|endoftext|>"),
            "eos_token_id": ids("<|im_end|>"),
            "pad_token_id": ids("<|endoftext|>"),
        },
        vision_config={
            "depth": 3,
            "hidden_size": 96,
            "intermediate_size": 192,
            "num_heads": 3,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "tokens_per_second": 2,
            "window_size": 112,
            "fullatt_block_indexes": [2],
            "out_hidden_size": hidden,
            "initializer_range": _SPREAD,
        },
        tie_word_embeddings=True,
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )


def _train_bpe(texts: list[str]) -> Tokenizer:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=_VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    # Added after training, so that they follow the vocabulary as they do in the family.
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL_TOKENS])
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in PLAIN_TOKENS])
    return tokenizer


def _processor(bpe: Tokenizer) -> ProcessorMixin:
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL_TOKENS[1:]),
        model_max_length=8192,
        padding_side="right",
        clean_up_tokenization_spaces=False,
    )
    sizes = {"patch_size": 14, "temporal_patch_size": 2, "merge_size": 2}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(min_pixels=_MIN_PIXELS, max_pixels=_MAX_PIXELS, **sizes),
        video_processor=Qwen2VLVideoProcessor(**sizes),
        tokenizer=tokenizer,
        # The family's own template, from the copy that TRL installs.
        chat_template=files("trl").joinpath("chat_templates", "qwen2_5_vl.jinja").read_text(encoding="utf-8"),
    )


_THINGS = (
    "button icon menu window field link image table chart title header footer total price date name number invoice "
    "receipt page line row column label value bar axis legend box circle square triangle star person car dog cat "
    "cup book tree house sign screen search settings save cancel submit close open home back next login password email "
    "address street city phone item quantity amount tax discount subtotal payment cash card change store company month "
    "year day time left right top bottom centre corner first second third last"
).split()
_QUALITIES = (
    "red green blue yellow orange purple black white grey brown pink small large tall short wide narrow round empty "
    "full new old highest lowest biggest smallest"
).split()
_TEMPLATES = (
    "What is the {thing} of the {quality} {thing}? The {thing} is {number}.",
    "How many {quality} {thing}s are there in the image? There are {number}.",
    'Locate the {quality} {thing} and answer in JSON.\n```json\n[\n\t{{"bbox_2d": [{number}, {number}, {number}, '
    '{number}], "label": "{quality} {thing}"}}\n]\n```',
    'Read the text. [{{"bbox_2d": [{number}, {number}, {number}, {number}], "text_content": "{title} {amount}"}}]',
    'Point to the {thing}. [{{"point_2d": [{number}, {number}], "label": "{thing}"}}]',
    'Click the {thing}.\n<tool_call>\n{{"name": "computer_use", "arguments": {{"action": "left_click", "coordinate": '
    "[{number}, {number}]}}}}\n</tool_call>",
    'Extract the fields as JSON. {{"{thing}": "{title}", "date": "{date}", "total": "{amount}"}}',
    "{title} {title}: {amount} on {date}, {title} No. {number}.",
    "Describe the picture. It shows a {quality} {thing} on the {thing} of a {quality} {thing}.",
    "system\nYou are a helpful assistant.\nuser\nassistant\n",
    "Name all shapes. {quality} circle, {quality} square, {quality} triangle, {quality} star",
    "What is in the upper left? nothing What is in the upper middle? {quality} star What is in the upper right?",
    "Where is the {quality} {thing}? middle left "
    "Where is the {quality} {thing}? middle right, lower left, lower middle",
    "How many {quality} shapes are there? {number} How many circles are there? {number} What number is written?",
    "Name all buttons. Save, Cancel, Open, Send, Help, Next, Back, Delete, Edit, Print. Tap the {title} button.",
    "What does the upper left button say? What does the lower right button say? Where is the {title} button?",
    "Locate the {quality} {thing} in the image.\n\nAnswer: {quality} {thing}\n\n"
    "Is this answer right? Answer yes or no.",
    "Does this answer say all that was asked for? Is this answer clear? "
    "Does this answer keep to what was asked? yes no",
)


def _tools() -> list[str]:
    """What stands in the system message of an agent, often enough to be cut into few tokens."""
    return [tools_text(QWEN2_5_VL, tool, (size, size)) for tool in _TOOLS for size in range(56, 616, 14)]


class _Words:
    """Draws a new value each time a template names one."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def __getitem__(self, name: str) -> str:
        source = self._source
        if name == "thing":
            return source.choice(_THINGS)
        if name == "title":
            return source.choice(_THINGS).title()
        if name == "quality":
            return source.choice(_QUALITIES)
        if name == "number":
            return str(source.randint(0, 1000))
        if name == "amount":
            return f"${source.randint(1, 999)}.{source.randint(0, 99):02d}"
        if name == "date":
            return f"{source.randint(1, 28):02d}/{source.randint(1, 12):02d}/{source.randint(2015, 2026)}"
        raise KeyError(name)


def sentences(count: int = 2000, seed: int = 17) -> Iterator[str]:
    """Generated sentences in the manner of the tasks: questions, numbers, prices, dates, JSON with coordinates."""
    words = _Words(random.Random(seed))
    for index in range(count):
        yield _TEMPLATES[index % len(_TEMPLATES)].format_map(words)
