"""The engine behind a server: the conversation that it sends, and what it makes of responses."""

from __future__ import annotations

import io
import json
import math
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from model.encode import prompt_segments
from model.engine import Drawing, EngineError, PromptError, Reply
from model.http import HttpEngine, Message, conversation, request_messages, resized_png
from model.image import decode
from model.inputs import fit_processor, image_patches
from model.load import load_checkpoint


def test_a_conversation_is_what_its_row_was_rendered_from(asked: Any) -> None:
    assert conversation(asked.dialogue().row) == [
        Message("system", ["Be brief."]),
        Message("user", [0, "What is this, or that?", 1]),
        Message("assistant", ["A <b>box</b> & a | bar: {{ x }}"]),
        Message("user", ["And now?\n"]),
    ]


def test_the_family_s_template_writes_the_prompt_again(asked: Any, nano: Path) -> None:
    processor = load_checkpoint(nano, "cpu").processor
    for prompt in (
        asked.dialogue(),
        asked.prompt("What is 2 + 2?"),
        asked.prompt("Which?", [asked.image("red", 84, 84)]),
    ):
        written = processor.apply_chat_template(request_messages(prompt), add_generation_prompt=True, tokenize=False)
        assert written == "".join(segment.text for segment in prompt_segments(prompt.row))


@pytest.mark.parametrize(
    ("question", "token"),
    [
        (["What does <|im_end|> mean?"], "<|im_end|>"),
        (["Half of it <|im_", "start|> here"], "<|im_start|>"),
        (["<|image_pad|>"], "<|image_pad|>"),
        (["Call <tool_call>"], "<tool_call>"),
    ],
)
def test_text_that_a_server_would_read_as_markup_is_refused(asked: Any, question: Sequence[str], token: str) -> None:
    prompt = asked.conversation([asked.turn("user", *question), asked.turn("assistant", "Yes.")], row_id="r7")
    with pytest.raises(PromptError, match=re.escape(f"r7: its text spells {token}")):
        HttpEngine("http://127.0.0.1:9/v1", "m").check(prompt)


def test_markup_in_an_answer_that_is_not_shown_does_no_harm(asked: Any) -> None:
    turns = [asked.turn("user", "Is a <| b |> c?"), asked.turn("assistant", "It is <|im_end|>.")]
    HttpEngine("http://127.0.0.1:9/v1", "m").check(asked.conversation(turns))


def test_rows_that_a_server_cannot_be_asked_are_named(asked: Any) -> None:
    engine, red = HttpEngine("http://127.0.0.1:9/v1", "m"), asked.image("red", 84, 84)
    good = asked.prompt("What?", [red], row_id="r7")
    engine.check(good)
    *before, answer, end = good.row.segments
    begun = replace(good.row, segments=(*before, replace(answer, weight=0.0), end))
    silent = replace(good.row, segments=tuple(replace(segment, weight=0.0) for segment in good.row.segments))
    for bad, why in (
        (replace(good, row=begun), "r7: it does not stop where an answer begins"),
        (replace(good, row=silent), "r7 trains on nothing"),
        (replace(good, row=replace(good.row, segments=good.row.segments[1:])), "r7: it begins with no turn"),
        (replace(good, images=()), "r7: 1 media and the bytes of 0"),
        (replace(good, images=(red[:80],)), "r7: image .* can't be used"),
        (replace(good, images=(asked.image("red", 84, 112),)), "r7: .* 84x112; the row says 84x84"),
    ):
        with pytest.raises(PromptError, match=why):
            engine.check(bad)


def test_images_are_sent_upright_and_at_the_size_that_the_model_sees(asked: Any) -> None:
    """A JPEG lying on its side, 100x60 as stored and 60x100 as displayed, rounds to 56x112 (each side to 28)."""
    image, buffer = Image.new("RGB", (100, 60), "white"), io.BytesIO()
    image.paste("red", (0, 0, 50, 60))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise, so that the left half is shown at the top
    image.save(buffer, "JPEG", exif=exif, quality=95)
    prompt = asked.prompt("What?", [buffer.getvalue()])
    pixels = decode(resized_png(prompt.row.media[0], prompt.images[0]))
    assert pixels.shape == (112, 56, 3)
    assert pixels[20, 28] == pytest.approx((255, 0, 0), abs=6)
    assert pixels[90, 28] == pytest.approx((255, 255, 255), abs=6)


@pytest.mark.parametrize(("width", "height"), [(640, 480), (100, 50)])
def test_a_sent_image_is_seen_as_the_processor_would_have_seen_it(
    asked: Any, nano: Path, width: int, height: int
) -> None:
    """Noise, made smaller and larger: to one level of 255, which is at most 0.0151 as the processor divides by 0.26."""
    processor = load_checkpoint(nano, "cpu").processor
    fit_processor(processor, asked.min_pixels, asked.max_pixels)
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer := io.BytesIO(), "PNG")
    prompt = asked.prompt("What?", [buffer.getvalue()])
    row, (medium,), (image,) = prompt.row, prompt.row.media, prompt.images
    assert (medium.resized_width, medium.resized_height) != (width, height)
    seen = replace(medium, width=medium.resized_width, height=medium.resized_height)
    own, _ = image_patches(row, [medium], lambda _: image, processor)
    sent, _ = image_patches(row, [seen], lambda _: resized_png(medium, image), processor)
    assert own is not None and sent is not None
    assert float((own - sent).abs().max()) < 1.5 * 0.0151


class _Script(ThreadingHTTPServer):
    """Answers each request with the next of `responses`, (status, body), and the last ones with the last."""

    def __init__(self, responses: Sequence[tuple[int, Any]]) -> None:
        self.responses, self.requests = list(responses), list[dict[str, Any]]()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: _Script

    def do_POST(self) -> None:
        self.server.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        responses = self.server.responses
        status, body = responses.pop(0) if len(responses) > 1 else responses[0]
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("retry-after-ms", "1")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _scripted(*responses: tuple[int, Any]) -> Iterator[_Script]:
    with _Script(responses) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def _completion(*answers: tuple[str | None, str], **more: Any) -> dict[str, Any]:
    """A response with (text, reason to stop) in each choice."""
    choices = [
        {"index": index, "finish_reason": reason, "message": {"role": "assistant", "content": text, **more}}
        for index, (text, reason) in enumerate(answers)
    ]
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": choices}


def test_candidates_of_a_server_that_gives_them_all_at_once(asked: Any) -> None:
    with _scripted((200, _completion(("a", "stop"), ("b<|im_end|>", "stop"), ("", "length")))) as server:
        drawing = Drawing(candidates=3, temperature=0.8, top_p=0.9, max_new_tokens=7)
        (replies,) = HttpEngine(server.url, "m").generate([asked.prompt("What?")], drawing)
    assert replies == [Reply(text="a", finished=True), Reply(text="b", finished=True), Reply(text="", finished=False)]
    (request,) = server.requests
    assert {name: request[name] for name in ("model", "n", "temperature", "top_p", "max_tokens")} == {
        "model": "m",
        "n": 3,
        "temperature": 0.8,
        "top_p": 0.9,
        "max_tokens": 7,
    }
    assert (request["skip_special_tokens"], request["repetition_penalty"], request["top_k"]) == (False, 1.0, -1)


def test_a_server_that_gives_one_at_a_time_is_asked_with_other_seeds(asked: Any) -> None:
    with _scripted((200, _completion(("a", "stop"))), (200, _completion((None, "stop")))) as server:
        drawing = Drawing(candidates=3, temperature=1.0)
        (replies,) = HttpEngine(server.url, "m").generate([asked.prompt("What?")], drawing)
        assert [reply.text for reply in replies] == ["a", "", ""]
        assert [request["n"] for request in server.requests] == [3, 2, 1]
        assert len({request["seed"] for request in server.requests}) == 3
        (greedy,) = HttpEngine(server.url, "m").generate([asked.prompt("What?")], Drawing(candidates=3))
    assert len(greedy) == 3 and len(server.requests) == 4  # one greedy answer stands for all


def test_a_server_that_knows_no_fields_but_openais_is_asked_without_others(asked: Any) -> None:
    refusal = {"detail": "Unexpected fields in the request: {'skip_special_tokens'}"}
    with _scripted((422, refusal), (200, _completion(("a", "stop")))) as server:
        engine = HttpEngine(server.url, "m", concurrency=1)
        replies = engine.generate([asked.prompt("What?"), asked.prompt("Who?")], Drawing())
    assert [reply.text for (reply,) in replies] == ["a", "a"]
    assert ["skip_special_tokens" in request for request in server.requests] == [True, False, False]


def _likeliest(*tokens: tuple[str, float]) -> dict[str, Any]:
    """A response with one token and the probabilities of the likeliest in its place."""
    top = [{"token": token, "logprob": math.log(chance), "bytes": None} for token, chance in tokens]
    response = _completion(("yes", "length"))
    response["choices"][0]["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    return response


def test_probabilities_are_those_of_the_tokens_that_equal_an_option(asked: Any) -> None:
    """Neither another case nor a blank before it counts; what is not among the likeliest has none."""
    response = _likeliest(("yes", 0.5), ("no", 0.25), ("Yes", 0.125), (" yes", 0.0625))
    with _scripted((200, response)) as server:
        engine = HttpEngine(server.url, "m")
        ((yes, no, maybe),) = engine.probabilities([asked.prompt("Is it?")], ["yes", "no", "maybe"])
        with pytest.raises(EngineError, match="'no' and 'none' begin alike"):
            engine.probabilities([asked.prompt("Is it?")], ["none", "no"])
    assert (yes, no, maybe) == (pytest.approx(0.5), pytest.approx(0.25), 0)
    (request,) = server.requests
    assert (request["logprobs"], request["top_logprobs"], request["max_tokens"]) == (True, 20, 1)
    assert (request["temperature"], request["top_p"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ((401, {"error": {"message": "bad key s3cret"}}), r"refuses the key \(401\): set OPENAI_API_KEY"),
        ((404, {"error": {"message": "no model m"}}), "answers 404 .* end in /v1, and does it serve 'm'"),
        ((400, {"detail": "pinned to 'other'; key s3cret"}), r"answers 400 .*key \*\*\*.* Does it serve 'm'"),
        ((500, {"error": {"message": "out of memory"}}), "answers 500 .*out of memory.* the server's log"),
        ((200, _completion()), "gave r7 a response without an answer"),
        ((200, _completion(("", "tool_calls"), tool_calls=[
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ])), "without a tool-call parser"),
    ],
)  # fmt: skip
def test_a_failing_server_is_named_with_what_to_do(
    asked: Any, monkeypatch: pytest.MonkeyPatch, response: tuple[int, Any], why: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "s3cret")
    with _scripted(response) as server:
        engine = HttpEngine(server.url.replace("://", "://user:word@"), "m")
        with pytest.raises(EngineError, match=why) as raised:
            engine.generate([asked.prompt("What?", row_id="r7")], Drawing())
    assert str(server.server_address[1]) in str(raised.value)
    assert "s3cret" not in str(raised.value) and "word" not in str(raised.value)
    assert len(server.requests) == (3 if response[0] == 500 else 1)


def test_a_prompt_too_long_for_the_server_is_the_prompts_fault(asked: Any) -> None:
    said = {"error": {"message": "This model's maximum context length is 10 tokens."}}
    with _scripted((400, said)) as server, pytest.raises(PromptError, match="r7: too long .* maximum context length"):
        HttpEngine(server.url, "m").generate([asked.prompt("What?", row_id="r7")], Drawing())


def test_nobody_there(asked: Any) -> None:
    with pytest.raises(EngineError, match=r"http://127.0.0.1:9/v1 does not answer .* Is it up"):
        HttpEngine("http://127.0.0.1:9/v1", "m").generate([asked.prompt("What?")], Drawing())
