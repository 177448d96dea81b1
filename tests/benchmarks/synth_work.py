"""What one process does of measuring a generator: makes its pictures by the clock, has them checked, keeps what tells
repeats."""

from __future__ import annotations

import hashlib
import importlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from curation.cli_synth import PASTE
from curation.contract.sample import Sample, to_row
from curation.report.cards import said
from synth.catalogue import generators
from synth.generator import Generator, Make
from synth.grounding.paste import paste_generator
from synth.specimen import Specimen
from tests.benchmarks.truth_paste import own_scenes, wrong_of

OWN = 40  # drawn images with their boxes that `paste` cuts from
Wrong = Callable[[Sequence[Specimen], Make | None, str], list[str]]


@dataclass(frozen=True)
class Shown:
    """The first picture of an episode or page, if there is one, and what is asked and answered in each sample."""

    image: bytes
    texts: list[tuple[str, str]]


@dataclass
class Worked:
    """`seconds` and `cpu` (seconds of this process and all that it started) went into `samples` of `pictures`.
    `keys` tell samples with the same images and texts; `untold` says why nothing was checked."""

    samples: int = 0
    pictures: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    checked: int = 0
    wrong: int = 0
    messages: list[str] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    untold: str = ""


def work(name: str, seed: int, timed: Sequence[int], further: Sequence[int]) -> Worked:
    """Makes the pictures of both ranges; the first are timed and checked, for repeats all are looked at."""
    return worked(*measured(name), seed, timed, further)


def measured(name: str) -> tuple[Generator, Wrong | str]:
    """A generator and its check; `paste` is made of drawn images, as those of a user's are not here."""
    if name == PASTE:
        own = own_scenes(OWN)
        return paste_generator(own), wrong_of(own)
    return generators()[name], truth_of(name)


def worked(generator: Generator, wrong: Wrong | str, seed: int, timed: Sequence[int], further: Sequence[int]) -> Worked:
    done = Worked()
    with generator.open() as make:
        make(random.Random("warm"))  # the first picture pays for imports and empty caches
        made, before, started = [], _cpu(), time.monotonic()
        for picture in timed:
            made.append(
                (f"{generator.name}/{seed}/{picture}", make(random.Random(f"{generator.name}/{seed}/{picture}")))
            )
        done.seconds, done.cpu = max(1e-9, time.monotonic() - started), _cpu() - before
        done.pictures, done.samples = len(made), sum(len(views) for _, views in made)
        for key, views in made:
            _keep(done, views, with_image=True)
            if isinstance(wrong, str):
                done.untold = wrong
                continue
            messages = wrong(views, make, key)
            done.checked += len(views)
            done.wrong += min(len(messages), len(views))
            done.messages += [f"{key}: {message}" for message in messages]
        for picture in further:
            _keep(done, make(random.Random(f"{generator.name}/{seed}/{picture}")), with_image=False)
    return done


def truth_of(name: str) -> Wrong | str:
    """A generator's independent check, named after it or its folder, or why there is none."""
    folder = generators()[name].open.__module__.split(".")[1] if name in generators() else name
    for each in (name, folder):
        try:
            return importlib.import_module(f"tests.benchmarks.truth_{each}").wrong  # type: ignore[no-any-return]
        except ModuleNotFoundError as error:
            if error.name != f"tests.benchmarks.truth_{each}":
                raise
    return f"nothing was checked: there is no tests/benchmarks/truth_{name}.py"


def _keep(done: Worked, views: Sequence[Specimen], with_image: bool) -> None:
    texts = [_texts(view.sample) for view in views]
    for view, (question, answer) in zip(views, texts, strict=True):
        images = "".join(medium.sha256 for medium in view.sample.media)
        done.keys.append(hashlib.blake2b(f"{images}\0{question}\0{answer}".encode(), digest_size=16).digest())
    first = views[0]
    image = first.images[first.sample.media[0].sha256] if with_image and first.sample.media else b""
    if with_image or not first.sample.media:
        done.shown.append(Shown(image, texts))


def _texts(sample: Sample) -> tuple[str, str]:
    row: dict[str, Any] = to_row(sample)
    return said(row, "user"), said(row, "assistant")


def _cpu() -> float:
    """CPU seconds so far of this process, of what it started and is still there, and of what it waited for."""
    total = 0.0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # it ended meanwhile
        total += times.user + times.system + times.children_user + times.children_system
    return total
