"""What is asked about a scene, six samples each: find all of a kind, find one (twice), point, count, and ask for what
is not there.

Answers hold regions, which each family writes in its own way when the sample is rendered: JSON for Qwen2.5-VL and
Qwen3-VL, special tokens for Qwen2-VL, tags for Qwen-VL. Prompts leave the form open, but for points that are asked for
in XML, whose region parts say so.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from curation.contract.sample import (
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Task,
    Turn,
    media_part,
    text_part,
)
from model.grounding import XML
from synth.drawing import Box
from synth.grounding.kinds import alike, kinds
from synth.grounding.patches import PATTERNS
from synth.grounding.phrases import Name, Phrase, meant, names_of, refer
from synth.grounding.scene import COLOURS, Scene, Thing

VIEWS = 6
_FIND = (
    "Locate every {one} in the image.",
    "Find all {many} in this picture.",
    "Outline the position of each {one}.",
    "Detect all {many} in the image.",
    "Draw a box around every {one}.",
    "Give the bounding boxes of all {many}.",
    "Mark all {many} with boxes.",
)
_FIND_EVERYTHING = (
    "Detect every object in the image and name each by colour and kind.",
    "Find all objects and give each its colour and kind as the label.",
    "Locate all things that are drawn here, each with its colour and kind.",
)
_REFER = (
    "Locate the {one} in the image.",
    "Where is the {one}? Answer with its box.",
    "Find the {one}.",
    "Give the bounding box of the {one}.",
    "Draw a box around the {one}.",
    "Detect the {one} in this picture.",
)
_POINT = ("Point to the {one}.", "Point at the {one} in the image.", "Point out the {one} in this picture.")
_POINT_ALL = ("Point to every {one} in the image.", "Point at all {many}.", "Point out each {one}.")
_AS_XML = (
    " Output its coordinates in XML format <points x y>object</points>.",
    " Use the XML form <points x y>object</points>.",
)
_COUNT = (
    "How many {many} are there in the image?",
    "Count the {many}.",
    "What is the number of {many} in this picture?",
    "How many {many} do you see?",
)
_BOX_AND_COUNT = (
    "Draw a box around every {one}, then say how many {many} there are.",
    "Detect all {many} and then count them.",
)
_POINT_AND_COUNT = (
    "Point to every {one}, then say how many {many} there are.",
    "Count the {many} by pointing at each {one} first.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt with its answer: regions, a text after them, and how it is checked. `form` is that of the regions."""

    view: str
    prompt: str
    regions: tuple[Region, ...]
    text: str
    answer: Answer
    form: str = ""
    task: Task = "grounding"


def ask(rng: random.Random, scene: Scene) -> list[Question]:
    """`VIEWS` questions, no two alike."""
    first, second = _refer_twice(rng, scene)
    asked = [_find(rng, scene), first, second, _point(rng, scene), _count(rng, scene), _absent(rng, scene)]
    while len({question.prompt for question in asked}) < len(asked):
        asked[1:3] = _refer_twice(rng, scene)
        asked[0], asked[3] = _find(rng, scene), _point(rng, scene)
    return asked


def sample_of(question: Question, media: Media, tags: Sequence[str]) -> Sample:
    pointed: list[Part] = [
        Part(kind="region", text=question.form, index=index) for index in range(len(question.regions))
    ]
    if question.text:
        pointed.append(text_part("\n" + question.text if pointed else question.text))
    return Sample(
        row_id="",
        source="",
        task=question.task,
        messages=(
            Turn(role="user", parts=(media_part(0), text_part(question.prompt))),
            Turn(role="assistant", parts=tuple(pointed)),
        ),
        media=(media,),
        regions=question.regions,
        answer=question.answer,
        tags=("build:scene", f"template:{question.view}", *tags),
    )


def _find(rng: random.Random, scene: Scene) -> Question:
    if rng.random() < 0.2:
        named = [(thing, Name(colour=thing.colour, kind=thing.kind).one) for thing in _in_order(scene.things)]
        return _boxes("find_everything", rng.choice(_FIND_EVERYTHING), named)
    name = _some_name(rng, scene)
    others = [thing.kind for thing in scene.things if thing.kind != name.kind]
    if others and rng.random() < 0.3:
        other = Name(kind=rng.choice(others))
        named = [(thing, each.one) for each in (name, other) for thing in _in_order(scene.things) if each.fits(thing)]
        return _boxes("find_two", f"Locate the {name.many} and the {other.many} in the image.", named)
    return _boxes("find", _said(rng, _FIND, name), _called(scene, name))


def _boxes(view: str, prompt: str, named: Sequence[tuple[Thing, str]]) -> Question:
    answer = Answer(text="\n".join(label for _, label in named), verifier="boxes")
    return Question(view, prompt, tuple(_box(thing, label) for thing, label in named), "", answer)


def _refer_twice(rng: random.Random, scene: Scene) -> tuple[Question, Question]:
    """Two different phrases, or where a scene has only one that means one thing, another search for all of a name."""
    first = refer(rng, scene)
    second = refer(rng, scene, (first,)) if first else None
    return _one(rng, scene, first), _one(rng, scene, second)


def _one(rng: random.Random, scene: Scene, phrase: Phrase | None) -> Question:
    if phrase is None:
        name = _some_name(rng, scene)
        return _boxes("find", _said(rng, _FIND, name), _called(scene, name))
    prompt = rng.choice(_REFER).format(one=phrase.text)
    answer = Answer(text=phrase.text, verifier="box")
    return Question(f"refer_{phrase.family}", prompt, (_box(scene.things[phrase.index], phrase.text),), "", answer)


def _point(rng: random.Random, scene: Scene) -> Question:
    form = rng.choice(("", XML))
    phrase = refer(rng, scene) if rng.random() < 0.6 else None
    if phrase:
        prompt, named = rng.choice(_POINT).format(one=phrase.text), [(scene.things[phrase.index], phrase.text)]
    else:
        name = _some_name(rng, scene)
        prompt, named = _said(rng, _POINT_ALL, name), _called(scene, name)
    prompt += rng.choice(_AS_XML) if form else ""
    answer = Answer(text=_places(named), verifier="points")
    regions = tuple(_spot(thing, label) for thing, label in named)
    return Question("point_xml" if form else "point", prompt, regions, "", answer, form)


def _count(rng: random.Random, scene: Scene) -> Question:
    """The number alone; boxes, then the number; points, then the number."""
    name = _some_name(rng, scene)
    named = _called(scene, name)
    said = f"There is 1 {name.one}." if len(named) == 1 else f"There are {len(named)} {name.many}."
    way = rng.choice(("count", "count_boxes", "count_points"))
    if way == "count":
        number = str(len(named))
        answer = Answer(text=number, verifier="exact")
        return Question(way, _said(rng, _COUNT, name), (), number, answer, task="vqa")
    with_boxes = way == "count_boxes"
    prompt = _said(rng, _BOX_AND_COUNT if with_boxes else _POINT_AND_COUNT, name)
    regions = tuple(_box(*each) if with_boxes else _spot(*each) for each in named)
    answer = Answer(text=said, verifier="boxes") if with_boxes else Answer(text=_places(named), verifier="points")
    return Question(way, prompt, regions, said, answer)


def _absent(rng: random.Random, scene: Scene) -> Question:
    """Asks for what is not there, half the time with a part of its name that is."""
    name = _missing(rng, scene)
    if rng.random() < 0.2:
        answer = Answer(text="0", verifier="exact")
        return Question("absent_count", _said(rng, _COUNT, name), (), "0", answer, task="vqa")
    if rng.random() < 0.5:
        prompt, said = _said(rng, _FIND, name), f"There are no {name.many} in the image."
    else:
        prompt, said = _said(rng, _REFER, name), f"There is no {name.one} in the image."
    return Question("absent", prompt, (), said, Answer(text=said, verifier="boxes"))


def _missing(rng: random.Random, scene: Scene) -> Name:
    there = sorted({thing.kind for thing in scene.things})
    strange = [kind for kind in kinds() if kind not in there and not any(alike(kind, other) for other in there)]
    for _ in range(20):
        kind = rng.choice(there) if rng.random() < 0.5 else rng.choice(strange)
        colour = rng.choice(list(COLOURS)) if kind in there or rng.random() < 0.6 else ""
        pattern = rng.choice(PATTERNS[1:]) if rng.random() < 0.15 else ""
        name = Name(pattern, colour, kind)
        if not meant(scene.things, name):
            return name
    return Name(kind=rng.choice(strange))


def _some_name(rng: random.Random, scene: Scene) -> Name:
    """Of a thing that is there; in a scene of many, mostly of what there is many of."""
    names = names_of(rng.choice(scene.things))
    return names[0] if scene.crowd == "many" and rng.random() < 0.6 else rng.choice(names)


def _called(scene: Scene, name: Name) -> list[tuple[Thing, str]]:
    return [(thing, name.one) for thing in _in_order(scene.things) if name.fits(thing)]


def _in_order(things: Sequence[Thing]) -> list[Thing]:
    """From the top, and from the left where two begin equally high."""
    return sorted(things, key=lambda thing: (thing.box[1], thing.box[0]))


def _said(rng: random.Random, prompts: Sequence[str], name: Name) -> str:
    return rng.choice(prompts).format(one=name.one, many=name.many)


def _box(thing: Thing, label: str) -> Region:
    return Region(points=_floats(thing.box), label=label)


def _spot(thing: Thing, label: str) -> Region:
    return Region(points=thing.point, shape="point", label=label)


def _places(named: Sequence[tuple[Thing, str]]) -> str:
    """The boxes in which the points should lie, as the verifier reads them."""
    return json.dumps([thing.box for thing, _ in named])


def _floats(box: Box) -> tuple[float, ...]:
    return tuple(float(value) for value in box)
