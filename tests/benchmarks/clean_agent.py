"""Clean trajectories of several steps: drawn ones, and the sessions of the ScreenAgent data set."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from curation.contract.sample import (
    Answer,
    Region,
    Sample,
    Step,
    Turn,
    action_part,
    media_part,
    text_part,
)
from synth.drawing import encode
from synth.raw.screens import draw_screen
from synth.specimen import Specimen, medium

_ORDERS = {"tab": 'open the "{}" tab', "text": 'click into "{}"', "checkbox": 'tick "{}"'}


@dataclass(frozen=True)
class _Seen:
    """A step before it is numbered: the screen that it was decided on, what is done, and where (x, y in pixels)."""

    screen: int
    action: str
    arguments: dict[str, Any]
    point: tuple[float, float] | None = None


def drawn_trajectory(rng: random.Random) -> Specimen:
    """Two to four clicks on a drawn window, each of which leaves its mark on the next screen, and the end."""
    window = draw_screen(rng)
    free = [widget for widget in window.widgets if widget.tag != "h1" and not widget.checked]
    chosen = rng.sample(free, min(len(free), rng.randint(2, 4)))
    image, screens, steps = window.image, [encode(window.image, "png")], []
    for index, widget in enumerate(chosen):
        x1, y1, x2, y2 = widget.box
        steps.append(_Seen(index, "left_click", {}, ((x1 + x2) / 2, (y1 + y2) / 2)))
        image = _marked(image, widget.type, widget.box, rng)
        screens.append(encode(image, "png"))
    steps.append(_Seen(len(chosen), "terminate", {"status": "success"}))
    orders = [_ORDERS.get(widget.type, 'press "{}"').format(widget.text) for widget in chosen]
    instruction = (", then ".join(orders) + ".").capitalize()
    row_id = f"trajectories:{rng.getrandbits(64):016x}"
    return _trajectory(row_id, "trajectories", instruction, screens, steps, ("success",))


def screenagent_sessions(folder: Path) -> list[Specimen]:
    """Every session, and every run of two or more of its screens from the first on, as one sample each."""
    found = []
    for session in sorted(path for path in folder.iterdir() if path.is_dir()):
        moments = [json.loads(path.read_text()) for path in sorted(session.glob("*_translate.json"))]
        screens: list[bytes] = []
        steps: list[_Seen] = []
        for moment in moments:
            acts = [_seen(action, len(screens)) for action in moment["actions"]]
            if known := [act for act in acts if act]:
                screens.append((session / "images" / moment["saved_image_name"]).read_bytes())
                steps += known
        for last in range(2, len(screens) + 1):
            some = [step for step in steps if step.screen < last]
            row_id = f"screenagent:{session.name}#{last}"
            task = moments[0]["task_prompt_en"]
            found.append(_trajectory(row_id, "screenagent", task, screens[:last], some))
    return found


def _marked(image: Image.Image, kind: str, box: tuple[int, int, int, int], rng: random.Random) -> Image.Image:
    """The window after a click: a tick, or the widget filled or framed anew."""
    after = image.copy()
    draw = ImageDraw.Draw(after)
    x1, y1, x2, y2 = box
    if kind == "checkbox":
        draw.line([(x1 + 4, y1 + 9), (x1 + 8, y1 + 13), (x1 + 14, y1 + 4)], fill=(20, 20, 20), width=2)
    else:
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), outline=(rng.randrange(256), 40, 200), width=3)
    return after


def _seen(action: dict[str, Any], screen: int) -> _Seen | None:
    """A ScreenAgent action as one of ours; None for plans and reflections."""
    if action["action_type"] == "WaitAction":
        return _Seen(screen, "wait", {"time": action["wait_time"]})
    if action["action_type"] == "KeyboardAction":
        if "keyboard_text" in action:
            return _Seen(screen, "type", {"text": action["keyboard_text"]})
        return _Seen(screen, "key", {"keys": action["keyboard_key"].split("+")})
    if action["action_type"] != "MouseAction":
        return None
    kind = action["mouse_action_type"]
    if kind.startswith("scroll"):
        return _Seen(screen, "scroll", {"pixels": action["scroll_repeat"] * (-100 if kind == "scroll_down" else 100)})
    named = {"click": f"{action.get('mouse_button', 'left')}_click", "move": "mouse_move", "drag": "left_click_drag"}
    at = action["mouse_position"]
    return _Seen(screen, named.get(kind, kind), {}, (at["width"], at["height"]))


def _trajectory(
    row_id: str, source: str, task: str, screens: Sequence[bytes], seen: Sequence[_Seen], tags: tuple[str, ...] = ()
) -> Specimen:
    """The instruction with the first screen, then for each screen what is done there."""
    images = {hashlib.sha256(data).hexdigest(): data for data in screens}
    media = tuple(medium(data) for data in screens)
    regions, steps = [], []
    for each in seen:
        if each.point:
            regions.append(Region(points=each.point, shape="point", media=each.screen))
        place = len(regions) - 1 if each.point else -1
        arguments = json.dumps(each.arguments, ensure_ascii=False)
        steps.append(Step(media=each.screen, action=each.action, arguments=arguments, region=place))
    turns: list[Turn] = []
    for screen in range(len(screens)):
        asked = (text_part(task), media_part(0)) if screen == 0 else (media_part(screen),)
        acts = tuple(action_part(index) for index, step in enumerate(steps) if step.media == screen)
        turns += [Turn(role="user", parts=asked), Turn(role="assistant", parts=acts)]
    sample = Sample(
        row_id=row_id,
        source=source,
        task="agent",
        messages=tuple(turns),
        media=media,
        regions=tuple(regions),
        steps=tuple(steps),
        answer=Answer(),
        tags=("build:trajectory", *tags),
    )
    return Specimen(sample, images)
