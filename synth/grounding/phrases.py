"""Names and phrases for things of a scene. A phrase that refers means exactly one thing, and clearly so: what is told
by place or size keeps a margin from the next in line."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from synth.drawing import Box
from synth.grounding.kinds import kinds
from synth.grounding.scene import Scene, Thing
from synth.raw.scenes import relation

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
LARGER = 1.3  # times the area of the next one's box
NEARER = 1.3  # times the distance of the next one
_ASIDE = 0.025  # of the image's side: the least between the middles of two that are told by their order


@dataclass(frozen=True, slots=True)
class Name:
    """What things are called: each part may be "", then it does not matter. Without a kind it is any object."""

    pattern: str = ""
    colour: str = ""
    kind: str = ""

    @property
    def one(self) -> str:
        return " ".join(word for word in (self.pattern, self.colour, self.kind or "object") if word)

    @property
    def many(self) -> str:
        plural = kinds()[self.kind].plural if self.kind else "objects"
        return " ".join(word for word in (self.pattern, self.colour, plural) if word)

    def fits(self, thing: Thing) -> bool:
        return (
            self.pattern in ("", thing.pattern) and self.colour in ("", thing.colour) and self.kind in ("", thing.kind)
        )


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words, without an article in front, for thing number `index` of a scene; `family` says by what it is told."""

    text: str
    index: int
    family: str


def with_article(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def names_of(thing: Thing) -> list[Name]:
    """What the thing may be called, plainest first."""
    found = [Name(kind=thing.kind), Name(colour=thing.colour, kind=thing.kind)]
    if thing.pattern != "plain":
        found += [Name(thing.pattern, "", thing.kind), Name(thing.pattern, thing.colour, thing.kind)]
    return found


def meant(things: Sequence[Thing], name: Name) -> list[int]:
    return [index for index, thing in enumerate(things) if name.fits(thing)]


def refer(rng: random.Random, scene: Scene, besides: Sequence[Phrase] = ()) -> Phrase | None:
    """A phrase for one thing, of a family that is not among `besides` where there is one; None where every try fails,
    as in a crowd of things that are all alike."""
    used = {phrase.family for phrase in besides}
    families = sorted(rng.sample(_FAMILIES, len(_FAMILIES)), key=lambda family: family.__name__ in used)
    for family in families:
        for _ in range(4):
            found = family(rng, scene)
            if found and found.text not in {phrase.text for phrase in besides}:
                return found
    return None


def _any_name(rng: random.Random, scene: Scene) -> tuple[Name, list[int]]:
    name = rng.choice(names_of(rng.choice(scene.things)))
    return name, meant(scene.things, name)


def by_attributes(rng: random.Random, scene: Scene) -> Phrase | None:
    name, found = _any_name(rng, scene)
    return Phrase(name.one, found[0], "by_attributes") if len(found) == 1 else None


def by_size(rng: random.Random, scene: Scene) -> Phrase | None:
    name, found = _any_name(rng, scene)
    if rng.random() < 0.25:
        name, found = Name(), list(range(len(scene.things)))
    word, last = rng.choice((("largest", -1), ("smallest", 0)))
    order = sorted(found, key=lambda index: _area(scene.things[index].box))
    if len(order) < 2:
        return None
    pair = order[-2:] if last else order[:2]
    clear = _area(scene.things[pair[1]].box) >= LARGER * _area(scene.things[pair[0]].box)
    return Phrase(f"{word} {name.one}", order[last], "by_size") if clear else None


def by_order(rng: random.Random, scene: Scene) -> Phrase | None:
    """The leftmost of several, or the second from the left."""
    name, found = _any_name(rng, scene)
    if not 2 <= len(found) <= 6:
        return None
    side, most = rng.choice((("left", "leftmost"), ("right", "rightmost"), ("top", "topmost"), ("bottom", "lowest")))
    axis = 0 if side in ("left", "right") else 1
    order = sorted(found, key=lambda index: _middle(scene.things[index].box)[axis])
    middles = [_middle(scene.things[index].box)[axis] for index in order]
    if min(b - a for a, b in zip(middles, middles[1:], strict=False)) < max(8, _ASIDE * scene.size[axis]):
        return None
    if side in ("right", "bottom"):
        order.reverse()
    place = rng.randrange(len(order)) if len(order) > 2 else 0
    text = f"{most} {name.one}" if place == 0 else f"{ORDINALS[place]} {name.one} from the {side}"
    return Phrase(text, order[place], "by_order")


def by_relation(rng: random.Random, scene: Scene) -> Phrase | None:
    """The only one of its name on that side of another thing: no other of them has its middle on that side at all."""
    anchor, name, others = _anchored(rng, scene)
    if anchor is None or not others:
        return None
    index = rng.choice(others)
    where = relation(scene.things[index].box, scene.things[anchor[1]].box)
    if not where or any(
        other != index and _roughly(scene.things[other].box, scene.things[anchor[1]].box, where) for other in others
    ):
        return None
    return Phrase(f"{name.one} {where} the {anchor[0].one}", index, "by_relation")


def by_distance(rng: random.Random, scene: Scene) -> Phrase | None:
    anchor, name, others = _anchored(rng, scene)
    if anchor is None or len(others) < 2:
        return None
    x, y = _middle(scene.things[anchor[1]].box)
    away = []
    for index in others:
        a, b = _middle(scene.things[index].box)
        away.append((((a - x) ** 2 + (b - y) ** 2) ** 0.5, index))
    away.sort()
    if away[1][0] < NEARER * away[0][0]:
        return None
    return Phrase(f"{name.one} nearest to the {anchor[0].one}", away[0][1], "by_distance")


def _anchored(rng: random.Random, scene: Scene) -> tuple[tuple[Name, int] | None, Name, list[int]]:
    """A thing whose name is its own, and the things of another name, the anchor never among them."""
    anchor_name, anchors = _any_name(rng, scene)
    name, found = _any_name(rng, scene)
    anchor = (anchor_name, anchors[0]) if len(anchors) == 1 and anchors[0] not in found else None
    return anchor, name, found


_FAMILIES: list[Callable[[random.Random, Scene], Phrase | None]] = [
    by_attributes,
    by_size,
    by_order,
    by_relation,
    by_distance,
]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _roughly(box: Box, anchor: Box, where: str) -> bool:
    """Whether somebody might say so of the box, though `relation` would not."""
    (x, y), (u, v) = _middle(box), _middle(anchor)
    return {"to the left of": x < u, "to the right of": x > u, "above": y < v, "below": y > v}[where]
