"""A rendered row as token ids with their loss weights: only the family's own markup becomes special tokens."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

from curation.contract.dataset import RenderedRow, Segment
from model.chat import RenderError


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a row and the loss weight of each."""

    ids: list[int]
    weights: list[float]


def encode(row: RenderedRow, tokenizer: Any) -> Encoded:
    """Token ids and weights of a row; each image becomes as many pad tokens as it has vision tokens.

    `tokenizer` is a fast one of transformers. An added token counts where it lies within one control segment, and
    only there: wherever content takes part in spelling one, the text is cut inside it. Between tokens and cuts, the
    text is tokenised across segments as a whole, so clean content gives the ids of the whole template text. A token
    that begins before a weight changes keeps the earlier weight: that happens only where an answer begins with a
    newline, which byte-level BPE joins to the one behind `assistant`, and the official fine-tuning code masks it too.

    Raises RenderError where markup is missing from the vocabulary or content would still make an added token.
    """
    added: dict[str, int] = tokenizer.get_added_vocab()
    text = row.joined
    starts = list(accumulate((len(segment.text) for segment in row.segments), initial=0))
    real, cuts = _added_tokens(text, row.segments, starts, added)
    weights = [segment.weight for segment in row.segments for _ in segment.text]
    pads = _pads(row, starts, real)
    edges = sorted({0, len(text), *cuts, *real, *real.values()})
    pieces = list(pairwise(edges))
    runs = iter(_tokenise([text[a:b] for a, b in pieces if a not in real], tokenizer, set(added.values())))
    ids: list[int] = []
    kept: list[float] = []
    for start, end in pieces:
        if start in real:
            count = pads.get(start, 1)
            ids += [added[text[start:end]]] * count
            kept += [weights[start]] * count
        else:
            for token, offset in next(runs):
                ids.append(token)
                kept.append(weights[start + offset])
    return Encoded(ids, kept)


def prompt_ids(row: RenderedRow, tokenizer: Any) -> list[int]:
    """The ids to generate the last assistant turn from. Raises as `prompt_segments` and `encode` do."""
    return encode(replace(row, segments=prompt_segments(row)), tokenizer).ids


def prompt_segments(row: RenderedRow) -> tuple[Segment, ...]:
    """All of the row up to its last assistant turn's first trained segment. Raises RenderError where nothing is
    trained."""
    start = row.answer_at
    if start == len(row.segments):
        raise RenderError("turns", f"row {row.row_id} trains on nothing, so there is nothing to generate")
    return row.segments[:start]


def _added_tokens(
    text: str, segments: Sequence[Segment], starts: Sequence[int], added: Iterable[str]
) -> tuple[dict[int, int], set[int]]:
    """Where added tokens stand, {start: end}, and where to cut the text inside those that content spells."""
    real, cuts = {}, set()
    longest_first = sorted(added, key=len, reverse=True)
    for match in re.finditer(f"(?=({'|'.join(map(re.escape, longest_first))}))", text) if longest_first else ():
        start, end = match.span(1)
        index = bisect_right(starts, start) - 1
        if segments[index].kind != "content" and end <= starts[index + 1]:
            real[start] = end
        else:
            cuts.add(start + 1)
    return real, cuts


def _pads(row: RenderedRow, starts: Sequence[int], real: dict[int, int]) -> dict[int, int]:
    """How many pads to write for the image whose pad stands at a place in the text."""
    pads = {}
    for segment, start, end in zip(row.segments, starts, starts[1:], strict=False):
        if segment.kind == "media":
            if real.get(start) != end:
                raise RenderError("markup", f"the tokenizer has no token {segment.text!r} for an image")
            pads[start] = row.media[segment.media].vision_tokens
    return pads


def _tokenise(runs: list[str], tokenizer: Any, forbidden: set[int]) -> list[list[tuple[int, int]]]:
    """Token ids of each run of plain text, with the offset of each token's first character."""
    if not runs:
        return []
    encoded = tokenizer(runs, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    tokens = []
    for run, ids, offsets in zip(runs, encoded["input_ids"], encoded["offset_mapping"], strict=True):
        if forged := forbidden.intersection(ids):
            raise RenderError("markup", f"plain text would become the added token {forged.pop()}: {run[:80]!r}")
        # An offset past the end comes from post-processors that trim white space from a token's span.
        tokens.append([(token, min(start, len(run) - 1)) for token, (start, _) in zip(ids, offsets, strict=True)])
    return tokens
