"""How much generated samples repeat: word for word, nearly, and in their wording."""

from __future__ import annotations

import multiprocessing
import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from filters.minhash import near_duplicate, signatures
from tests.benchmarks.duplicates_recall import candidates, confirmed, distinct, picture
from tests.benchmarks.synth_work import Shown

LEAST = 0.8  # Jaccard of near-duplicate texts, as recipes have it
_MOST = 1000  # pictures that are compared


def repeated(keys: Sequence[bytes]) -> int:
    """How many samples have the same images and texts as another one, the first of them left out."""
    return len(keys) - len(set(keys))


def near_share(shown: Sequence[Shown], jobs: int = 1) -> float:
    """The share of pictures that are near-duplicates of another one as the pipeline sees it; of texts where there are
    no pictures. Two pictures take a tenth of a second, and pages of one make have thousands of pairs to look at: `jobs`
    processes do."""
    if not shown:
        return 0.0
    if not shown[0].image:
        return near_texts([text for each in shown for text in each.texts])
    named = [(str(index), each.image) for index, each in enumerate(shown[:_MOST])]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        pictures = [each for each in pool.map(picture, named, chunksize=8) if each]
        single = distinct(pictures)
        pairs = candidates(single)
        same = [each.same for each in pool.map(confirmed, pairs, chunksize=16)]
    gone = {max(int(a.name), int(b.name)) for (a, b, _), is_same in zip(pairs, same, strict=True) if is_same}
    return (len(pictures) - len(single) + len(gone)) / len(pictures)


def near_texts(texts: Sequence[tuple[str, str]]) -> float:
    """The share of (question, answer) that are near-duplicates of an earlier one."""
    bands = signatures(["\n".join(text) for text in texts]).bands
    gone: set[int] = set()
    for column in bands.T:
        order = np.lexsort((np.arange(len(column)), column))
        for first, second in zip(order, order[1:], strict=False):
            if column[first] != column[second] or second in gone:
                continue
            if near_duplicate(texts[first], texts[second], LEAST) is not None:
                gone.add(int(second))
    return len(gone) / max(1, len(texts))


def distinct_trigrams(texts: Sequence[tuple[str, str]]) -> float:
    """Of all runs of three words in questions and answers, the share that are distinct; of what is written without
    spaces, of three characters."""
    counts: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        for part in text:
            words = re.findall(r"[^\W\d_\u2e80-\u9fff\uac00-\ud7af]+|\d+|[\u2e80-\u9fff\uac00-\ud7af]", part.casefold())
            counts.update(zip(words, words[1:], words[2:], strict=False))
    return len(counts) / max(1, sum(counts.values()))
