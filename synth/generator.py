"""What a generator is: pictures by their number, each with always as many samples, and what it cannot make."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from synth.specimen import Specimen

# One picture (page, episode, text) and all samples about it. The same state of `random.Random` gives the same bytes.
Make = Callable[[random.Random], Sequence[Specimen]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """`open` starts what the generator needs, such as a browser, and gives the function that makes a picture; it stops
    it again. `views` is the number of samples that every picture gives, so that sample number i is view i % views of
    picture i // views, whoever makes it. `version` is raised when the same seed gives other bytes; they also follow
    from the versions of `libraries`, by the names of their packages (`chromium` stands for its fonts as well), and
    from somebody's own `data` where it is made of that."""

    name: str
    about: str
    version: int
    views: int
    cannot: tuple[str, ...]
    open: Callable[[], AbstractContextManager[Make]]
    libraries: tuple[str, ...] = ()
    licence: str = "CC0-1.0"  # of its samples, unless one states its own
    data: str = ""  # a hash of what it is made of


def specimens(generator: Generator, make: Make, seed: int, start: int, stop: int) -> Iterator[Specimen]:
    """Samples number `start` to `stop` (left out) of a seed, each with its row id `name/seed/picture.view`.

    Raises:
        ValueError: the generator gave a picture another number of samples than its `views`.
    """
    for picture in range(start // generator.views, -(-stop // generator.views)):
        made = make(random.Random(f"{generator.name}/{seed}/{picture}"))
        if len(made) != generator.views:
            raise ValueError(f"{generator.name} gave picture {picture} {len(made)} samples, not {generator.views}")
        for view, specimen in enumerate(made):
            if start <= picture * generator.views + view < stop:
                row_id = f"{generator.name}/{seed}/{picture}.{view}"
                licence = specimen.sample.licence or generator.licence
                sample = replace(specimen.sample, row_id=row_id, source=f"synth-{generator.name}", licence=licence)
                yield Specimen(sample, specimen.images)
