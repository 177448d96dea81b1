"""The engine in this process: answers that are a prompt's own, drawn as the model's probabilities say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.collate import collate
from model.encode import prompt_ids
from model.engine import Drawing, EngineError, Prompt, PromptError, Reply
from model.inputs import fit_processor, prompt_example
from model.load import Checkpoint, load_checkpoint
from model.local import LocalEngine, _Gumbel, open_local

# peft asks the model by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

DRAWN = Drawing(candidates=3, temperature=1.0, max_new_tokens=6)


@pytest.fixture(scope="module")
def loaded(nano: Path, asked: Any) -> Checkpoint:
    loaded = load_checkpoint(nano, "cpu")
    fit_processor(loaded.processor, asked.min_pixels, asked.max_pixels)
    return loaded


@pytest.fixture(scope="module")
def prompts(asked: Any) -> list[Prompt]:
    """Of very different lengths, with no image, one and two, and two that differ in their seeds alone."""
    red, blue = asked.image("red", 84, 84), asked.image("blue", 170, 115)
    return [
        asked.prompt("What colour is the box? Answer in a whole sentence.", [red], seed=1),
        asked.prompt("And in both?", [red, blue], seed=2),
        asked.prompt("What is 2 + 2?", seed=3),
        asked.prompt("What is 2 + 2?", seed=4),
    ]


def test_greedy_answers_do_not_depend_on_their_batch(loaded: Checkpoint, prompts: Sequence[Prompt]) -> None:
    drawing = Drawing(candidates=2, max_new_tokens=6)
    together = LocalEngine(loaded, batch_size=4).generate(prompts, drawing)
    alone = [LocalEngine(loaded).generate([prompt], drawing)[0] for prompt in prompts]
    assert together == alone
    assert all(first == second for first, second in together)
    assert together[2] == together[3] != together[0]  # greedy answers have no seed


def test_drawn_answers_do_not_depend_on_their_batch_order_or_number(
    loaded: Checkpoint, prompts: Sequence[Prompt]
) -> None:
    together = LocalEngine(loaded, batch_size=5).generate(prompts, DRAWN)
    alone = [LocalEngine(loaded).generate([prompt], DRAWN)[0] for prompt in prompts]
    fewer = LocalEngine(loaded, batch_size=3).generate(prompts[::-1], replace(DRAWN, candidates=2))[::-1]
    assert together == alone
    assert [replies[:2] for replies in together] == fewer
    texts = [reply.text for replies in together for reply in replies]
    assert len(set(texts)) == len(texts) == 12  # the two that differ in their seeds alone included


def test_draws_follow_the_probabilities() -> None:
    """Of 0.5, 0.3 and 0.2, each is drawn that often; of the two that make up 0.7, 5 and 3 times in 8; at temperature
    one half, by squares: 25, 9 and 4 times in 38."""
    scores = torch.tensor([[0.5, 0.3, 0.2]]).log().expand(4000, 3)
    for drawing, wanted in (
        (Drawing(temperature=1.0), (0.5, 0.3, 0.2)),
        (Drawing(temperature=1.0, top_p=0.7), (5 / 8, 3 / 8, 0.0)),
        (Drawing(temperature=0.5), (25 / 38, 9 / 38, 4 / 38)),
    ):
        noisy = _Gumbel(range(4000), drawing, torch.device("cpu"))(torch.zeros(4000, 1), scores)
        drawn = Counter(noisy.argmax(-1).tolist())
        # The standard deviation of a share is at most 0.008.
        assert [drawn[token] / 4000 for token in range(3)] == pytest.approx(wanted, abs=0.025)
        assert (drawn[2] == 0) == (wanted[2] == 0)


def test_replies_keep_markup_and_end_with_the_turn(loaded: Checkpoint) -> None:
    engine, encode = LocalEngine(loaded), loaded.processor.tokenizer.encode
    written = "<|box_start|>(1,2),(3,4)<|box_end|>"
    assert engine._reply(encode(f"{written}<|im_end|><|endoftext|><|endoftext|>")) == Reply(text=written, finished=True)
    assert engine._reply(encode("<|im_end|><|endoftext|>")) == Reply(text="", finished=True)
    assert engine._reply(encode("It is r")) == Reply(text="It is r", finished=False)


def test_an_answer_stops_at_the_end_of_its_turn_or_at_the_limit(loaded: Checkpoint, prompts: Sequence[Prompt]) -> None:
    """What the model first says to one prompt is made the end of a turn: an empty answer, which changes no other."""
    free, drawing = LocalEngine(loaded), Drawing(max_new_tokens=4)
    (first,) = loaded.processor.tokenizer.encode(free.generate(prompts[:1], Drawing(max_new_tokens=1))[0][0].text)
    stopping = LocalEngine(loaded)
    stopping._end = first
    assert stopping.generate(prompts[:1], drawing) == [[Reply(text="", finished=True)]]
    (stopped,), (other,) = stopping.generate([prompts[0], prompts[2]], drawing)
    assert stopped == Reply(text="", finished=True)
    assert [other] == free.generate(prompts[2:3], drawing)[0]
    assert other.text and not other.finished


def test_probabilities_are_those_of_one_plain_forward_pass(loaded: Checkpoint, prompts: Sequence[Prompt]) -> None:
    tokenizer, config = loaded.processor.tokenizer, loaded.model.config
    options = ("yes", "no", "It is")
    tokens = [tokenizer.encode(option)[0] for option in options]
    found = LocalEngine(loaded, batch_size=3).probabilities(prompts, options)
    for prompt, chances in zip(prompts, found, strict=True):
        images = dict(zip(prompt.row.media, prompt.images, strict=True))
        example = prompt_example(prompt.row, images.__getitem__, loaded.processor, config.image_token_id)
        assert example.ids == prompt_ids(prompt.row, tokenizer)
        batch = collate([example], tokenizer.pad_token_id, config.image_token_id)
        inputs = {name: value for name, value in batch.items() if name not in ("labels", "loss_weights")}
        with torch.inference_mode():
            logits = loaded.model(**inputs).logits[0, -1]
        assert chances == pytest.approx(logits.softmax(-1)[tokens].tolist(), rel=1e-4)
        assert 0 < sum(chances) < 1
    assert found[0] != found[1] != found[2]


@pytest.mark.parametrize(
    ("options", "why"),
    [(("yes", "yes please"), "same token"), (("yes", ""), "no token of its own"), (("\nyes",), "no token of its own")],
)
def test_options_must_begin_differently(
    loaded: Checkpoint, prompts: Sequence[Prompt], options: tuple[str, ...], why: str
) -> None:
    with pytest.raises(EngineError, match=why):
        LocalEngine(loaded).probabilities(prompts, options)


def test_prompts_that_cannot_be_asked_are_named(loaded: Checkpoint, asked: Any) -> None:
    engine, red = LocalEngine(loaded), asked.image("red", 84, 84)
    good = asked.prompt("What is <|im_end|> in <|image_pad|>?", [red], row_id="r7")
    engine.check(good)  # content is data: nothing in it is markup
    silent = replace(good.row, segments=tuple(replace(segment, weight=0.0) for segment in good.row.segments))
    for bad, why in (
        (replace(good, row=silent), "r7.* trains on nothing"),
        (replace(good, images=()), "r7: 1 media and the bytes of 0"),
        (replace(good, images=(red[:80],)), "r7.*cannot be decoded"),
        (replace(good, images=(asked.image("red", 84, 112),)), "r7.*84x112 as displayed; the row says 84x84"),
    ):
        for ask in (engine.check, lambda prompt: engine.generate([prompt], Drawing())):
            with pytest.raises(PromptError, match=why):
                ask(bad)


def test_an_adapter_answers_as_one_and_draws_as_asked(
    nano: Path, prompts: Sequence[Prompt], asked: Any, tmp_path: Path
) -> None:
    """An adapter's own layers speak, and its base's generation settings, which here punish repetition and draw, are
    left aside."""
    from peft import LoraConfig, get_peft_model

    base = load_checkpoint(nano, "cpu")
    torch.manual_seed(3)
    config = LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    adapted = get_peft_model(base.model, config)
    adapted.generation_config.update(do_sample=True, repetition_penalty=9.0)
    adapted.save_pretrained(tmp_path)
    base.processor.save_pretrained(tmp_path)
    engine = open_local(tmp_path, asked.min_pixels, asked.max_pixels, "cpu", base=nano)
    drawing = Drawing(max_new_tokens=6)
    merged = Checkpoint(adapted.merge_and_unload(), base.processor, base.family)
    fit_processor(merged.processor, asked.min_pixels, asked.max_pixels)
    assert engine.generate(prompts, drawing) == LocalEngine(merged).generate(prompts, drawing)
    plain = open_local(nano, asked.min_pixels, asked.max_pixels, "cpu")
    assert engine.probabilities(prompts, ["yes"]) != plain.probabilities(prompts, ["yes"])
