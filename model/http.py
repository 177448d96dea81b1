"""An engine behind any server that speaks OpenAI's protocol: vLLM, SGLang, `transformers serve`."""

from __future__ import annotations

import base64
import io
import math
import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from PIL import Image

from curation.contract.dataset import RenderedMedia, RenderedRow, Segment
from model.chat import RenderError
from model.encode import prompt_segments
from model.engine import Drawing, EngineError, Prompt, PromptError, Reply, draw_seed
from model.image import decode

_T = TypeVar("_T")

# What a server's tokenizer would read as markup: any token of ChatML and of vision, and the tags of calls and thoughts.
_MARKUP = re.compile(r"<\|\w+\|>|</?(?:tool_call|tool_response|think)>")
_TURN = re.compile(r"<\|im_start\|>(\w+)\n")
_END = "<|im_end|>"
_AROUND_IMAGES = ("<|vision_start|>", "<|vision_end|>")

# Fields of vLLM and SGLang beyond OpenAI's. Without them answers lose the special tokens that some families write boxes
# with, and the checkpoint's own file of settings punishes repetition and cuts what may be drawn.
_BEYOND = {"skip_special_tokens": False, "repetition_penalty": 1.0, "top_k": -1}
_TOP = 20  # likeliest tokens to ask for: the most that OpenAI and, by default, vLLM give


class Message(NamedTuple):
    """One turn. A part is a text, or the place of an image among the row's media."""

    role: str
    parts: list[str | int]


def conversation(row: RenderedRow) -> list[Message]:
    """The messages that the row's prompt was rendered from, so that the server's chat template writes the prompt again.
    Raises `PromptError` where it would not: content that spells markup, an answer that has begun, no ChatML."""
    try:
        segments = prompt_segments(row)
    except RenderError as error:
        raise PromptError(str(error)) from error
    if token := _forged(segments):
        raise PromptError(f"{row.row_id}: its text spells {token}, which a server would read as markup.")
    turns: list[Message] = []
    for segment in segments:
        turn = _TURN.fullmatch(segment.text) if segment.kind == "control" else None
        if turn:
            turns.append(Message(turn[1], []))
        elif segment.kind == "control" and segment.text in (f"{_END}\n", *_AROUND_IMAGES):
            continue
        elif not turns:
            raise PromptError(f"{row.row_id}: it begins with no turn of ChatML: {segment.text[:80]!r}.")
        else:
            _append(turns[-1].parts, segment)
    if not turns or turns[-1] != Message("assistant", []):
        raise PromptError(f"{row.row_id}: it does not stop where an answer begins; a server can't be asked to go on.")
    return turns[:-1]


def _append(parts: list[str | int], segment: Segment) -> None:
    """Neighbouring texts become one: some servers put a newline between two."""
    if segment.kind == "media":
        parts.append(segment.media)
    elif parts and isinstance(last := parts[-1], str):
        parts[-1] = last + segment.text
    else:
        parts.append(segment.text)


def _forged(segments: Sequence[Segment]) -> str:
    """The first markup that content spells or takes part in spelling."""
    owners = [index for index, segment in enumerate(segments) for _ in segment.text]
    for match in _MARKUP.finditer("".join(segment.text for segment in segments)):
        spelling = set(owners[match.start() : match.end()])
        if len(spelling) > 1 or segments[spelling.pop()].kind == "content":
            return match[0]
    return ""


def resized_png(medium: RenderedMedia, data: bytes) -> bytes:
    """The image at the size that the model is to see, so that a server's own resize leaves it alone and coordinates
    stay right. Values are the processor's own to one level of 255; where one side grows and the other shrinks, some
    in noise are further off, as the two passes go in another order. Raises ValueError, ImageError among them, for an
    image that cannot be decoded or has not the size that the row states."""
    image = Image.fromarray(decode(data, medium.orientation))
    if image.size != (medium.width, medium.height):
        raise ValueError(f"it is {image.width}x{image.height}; the row says {medium.width}x{medium.height}")
    size = (medium.resized_width, medium.resized_height)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def request_messages(prompt: Prompt) -> list[dict[str, Any]]:
    """The prompt as the `messages` of a request. Raises `PromptError`."""
    row = prompt.row
    if len(prompt.images) != len(row.media):
        raise PromptError(f"{row.row_id}: {len(row.media)} media and the bytes of {len(prompt.images)}.")
    return [{"role": role, "content": _content(prompt, parts)} for role, parts in conversation(row)]


def _content(prompt: Prompt, parts: Sequence[str | int]) -> str | list[dict[str, Any]]:
    if all(isinstance(part, str) for part in parts):
        return "".join(map(str, parts))  # a plain text is what every server takes
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": _data_uri(prompt, part)}}
        for part in parts
    ]


def _data_uri(prompt: Prompt, index: int) -> str:
    medium = prompt.row.media[index]
    try:
        png = resized_png(medium, prompt.images[index])
    except ValueError as error:
        raise PromptError(f"{prompt.row.row_id}: image {medium.sha256[:12]} can't be used: {error}") from error
    return "data:image/png;base64," + base64.b64encode(png).decode()


class HttpEngine:
    """Asks the server at `url` (up to and with `/v1`) for answers of `model`, `concurrency` requests at a time. A busy
    or failing server is asked again twice. The key, if the server wants one, is in `OPENAI_API_KEY`.

    The server's pixel budget must hold the data's, or it resizes images after all. It draws by its own means: what
    else it answers at the time may show in an answer. `transformers serve` draws, whatever the temperature, only where
    the checkpoint's generation_config.json says `do_sample`, and leaves special tokens out of its answers.
    """

    def __init__(self, url: str, model: str, concurrency: int = 8, timeout: float = 600.0) -> None:
        """`timeout` is in seconds, for one request."""
        from openai import OpenAI

        self._key = os.environ.get("OPENAI_API_KEY") or "none"
        self._client = OpenAI(base_url=url, api_key=self._key, timeout=timeout)
        parts = urlsplit(url)
        self._url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # without a name and password
        self._model = model
        self._concurrency = concurrency
        self._beyond: dict[str, Any] = _BEYOND

    def check(self, prompt: Prompt) -> None:
        """Raises `PromptError` as `request_messages` does."""
        request_messages(prompt)

    def generate(self, prompts: Sequence[Prompt], drawing: Drawing) -> list[list[Reply]]:
        return self._each(lambda prompt: self._replies(prompt, drawing), prompts)

    def probabilities(self, prompts: Sequence[Prompt], options: Sequence[str]) -> list[list[float]]:
        """A server does not say which tokens an option begins with, so each option has to be one token of the model:
        the one whose text equals it exactly. One that is not among the 20 likeliest counts as 0."""
        for option, other in permutations(options, 2):
            if other.startswith(option):
                raise EngineError(f"The options {option!r} and {other!r} begin alike: name them otherwise.")
        return self._each(lambda prompt: self._chances(prompt, options), prompts)

    def _each(self, ask: Callable[[Prompt], _T], prompts: Sequence[Prompt]) -> list[_T]:
        with ThreadPoolExecutor(self._concurrency) as pool:
            return list(pool.map(ask, prompts))

    def _replies(self, prompt: Prompt, drawing: Drawing) -> list[Reply]:
        """Asks until there are enough: some servers give one answer whatever `n` says. Greedy answers are all alike,
        so one is asked for."""
        sampled = drawing.temperature > 0
        wanted = drawing.candidates if sampled else min(drawing.candidates, 1)
        replies: list[Reply] = []
        said = request_messages(prompt)
        while len(replies) < wanted:
            choices = self._choices(
                prompt,
                messages=said,
                n=wanted - len(replies),
                seed=draw_seed(prompt, len(replies)),
                temperature=drawing.temperature,
                top_p=drawing.top_p,
                max_tokens=drawing.max_new_tokens,
            )
            replies += [self._reply(choice) for choice in choices]
        return replies[:wanted] if sampled else replies[:1] * drawing.candidates

    def _reply(self, choice: Any) -> Reply:
        if choice.message.tool_calls:
            raise EngineError(
                f"The server at {self._url} takes tool calls out of answers: start it without a tool-call parser."
            )
        text, end, _ = (choice.message.content or "").partition(_END)
        return Reply(text=text, finished=bool(end) or choice.finish_reason != "length")

    def _chances(self, prompt: Prompt, options: Sequence[str]) -> list[float]:
        # Temperature 1, as some servers divide by it before they take logarithms.
        settings = {"temperature": 1.0, "top_p": 1.0, "max_tokens": 1, "seed": draw_seed(prompt, 0)}
        choice, *_ = self._choices(
            prompt, messages=request_messages(prompt), logprobs=True, top_logprobs=_TOP, **settings
        )
        if not (choice.logprobs and choice.logprobs.content):
            raise EngineError(
                f"The server at {self._url} gives no probabilities. vLLM and SGLang do; or judge with a checkpoint in "
                "this process."
            )
        return option_chances(choice.logprobs.content[0].top_logprobs, options)

    def _choices(self, prompt: Prompt, **request: Any) -> Sequence[Any]:
        """At least one choice of the server's response. Raises `EngineError`, or `PromptError` for a prompt that is too
        long for the server."""
        from openai import OpenAIError

        try:
            response = self._create(model=self._model, **request)
        except OpenAIError as error:
            raise self._explained(error, prompt) from None
        choices: Sequence[Any] | None = getattr(response, "choices", None)  # a page instead of JSON has none
        if not choices:
            raise EngineError(f"The server at {self._url} gave {prompt.row.row_id} a response without an answer.")
        return choices

    def _create(self, **request: Any) -> Any:
        """A response; from a server that refuses fields beyond OpenAI's, one without them, now and ever after."""
        from openai import BadRequestError, UnprocessableEntityError

        beyond = self._beyond
        try:
            return self._client.chat.completions.create(**request, extra_body=beyond)
        except (BadRequestError, UnprocessableEntityError) as error:
            if not any(name in _said(error) for name in beyond):
                raise
        self._beyond = {}
        return self._client.chat.completions.create(**request)

    def _explained(self, error: Exception, prompt: Prompt) -> Exception:
        said = _said(error)
        if self._key != "none":
            said = said.replace(self._key, "***")
        status = getattr(error, "status_code", None)
        if status == 413 or (status == 400 and "context length" in said.lower()):
            return PromptError(f"{prompt.row.row_id}: too long for the server at {self._url}: {said}")
        if status in (401, 403):  # its own words may hold the key
            return EngineError(f"{self._url} refuses the key ({status}): set OPENAI_API_KEY to one that may ask it.")
        mend = {
            None: "Is it up, and is this its address?",
            400: f"Does it serve {self._model!r}?",
            404: f"Does the address end in /v1, and does it serve {self._model!r}?",
            429: "Ask with less concurrency.",
        }.get(status, "See the server's log.")
        what = "does not answer" if status is None else f"answers {status}"
        return EngineError(f"{self._url} {what} ({prompt.row.row_id}): {said} {mend}")


def _said(error: Exception) -> str:
    """What the server, or else the network, says of an error. The client's own message leaves much of it out."""
    response = getattr(error, "response", None)
    return str(error.__cause__ or error) if response is None else str(response.text)[:500]


def option_chances(likeliest: Sequence[Any], options: Sequence[str]) -> list[float]:
    """The probability of each option among a response's likeliest tokens, which have a `token` and a `logprob`. Two
    tokens may have one text, as bytes that are no text by themselves do."""
    return [sum(math.exp(entry.logprob) for entry in likeliest if entry.token == option) for option in options]
