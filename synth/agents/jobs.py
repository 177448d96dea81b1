"""What can be done on a page: moves, in the words of nobody's tool, and the jobs that they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["tap", "hold", "type", "enter", "drag", "back", "wait", "scroll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that somebody does. `target` and `end` are CSS selectors, `label` is what people call the target,
    `text` is typed; `thought` says why, and `did` says afterwards what was done."""

    kind: Kind
    target: str = ""
    end: str = ""
    label: str = ""
    text: str = ""
    thought: str = ""
    did: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`goal` is how the page's state differs when the job is done, by key. `order` says what to do, in small letters
    and without a full stop; `so` is what is then so. `view` is the page's view on which the moves begin."""

    order: str
    so: str
    moves: tuple[Move, ...]
    goal: dict[str, str] = field(default_factory=dict)
    view: str = "main"
    last: bool = False  # nothing can follow, as what is sent is sent
