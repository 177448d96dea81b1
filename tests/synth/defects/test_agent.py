"""Every defect of an agent's steps is dropped by its rule; what it was made of is kept, real sessions included."""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import yaml
from PIL import Image, ImageDraw

from curation.contract.sample import (
    SAMPLE,
    Answer,
    Media,
    Part,
    Region,
    Sample,
    Step,
    Turn,
    action_part,
    media_part,
    text_part,
    to_row,
)
from filters import presets as presets_package
from filters.catalogue import catalogue
from filters.deciding import verdicts
from filters.measuring import measure_samples, measure_screens
from filters.presets import presets
from model.image import read_header
from synth.defects.agent import DEFECTS
from synth.defects.planting import Defect
from synth.raw.screens import Screen, draw_screen
from synth.specimen import Specimen

RULES = {name: presets()[name] for name in {defect.rule for defect in DEFECTS}}
SIGNALS = [catalogue()[str(rule.signal)] for rule in RULES.values()]


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def medium(data: bytes) -> Media:
    header = read_header(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return Media(sha256=sha256, mime=header.mime, width=header.width, height=header.height, size=len(data))


def episode(
    instruction: str,
    screens: Sequence[bytes],
    steps: Sequence[Step],
    regions: Sequence[Region],
    tags: tuple[str, ...] = (),
) -> Specimen:
    """An agent's sample: each screen is shown when the first step on it comes."""
    turns, shown = [], set()
    for index, step in enumerate(steps):
        parts: list[Part] = [] if index else [text_part(instruction)]
        if step.media not in shown:
            parts.append(media_part(step.media))
        shown.add(step.media)
        if parts:
            turns.append(Turn(role="user", parts=tuple(parts)))
        turns.append(Turn(role="assistant", parts=(action_part(index),)))
    media = tuple(medium(data) for data in screens)
    answer = Answer(verifier="click" if len(steps) == 1 else "")
    sample = Sample(
        row_id=f"r{instruction}",
        source="s",
        task="agent",
        messages=tuple(turns),
        media=media,
        regions=tuple(regions),
        steps=tuple(steps),
        answer=answer,
        tags=tags,
    )
    return Specimen(sample, {one.sha256: data for one, data in zip(media, screens, strict=True)})


def single(screen: Screen) -> Specimen:
    target = screen.steps[0]
    region = Region(points=tuple(map(float, target.box)), label=target.text)
    return episode(screen.instruction, [png(screen.image)], [Step(media=0, action="left_click", region=0)], [region])


def double(screen: Screen) -> Specimen:
    """A check box ticked and a button pressed, on two screens."""
    box = screen.steps[0].box
    ticked = screen.image.copy()
    ImageDraw.Draw(ticked).line(
        [(box[0] + 4, box[1] + 9), (box[0] + 8, box[1] + 13), (box[0] + 14, box[1] + 4)], (0, 0, 0), 2
    )
    regions = [
        Region(points=tuple(map(float, each.box)), label=each.text, media=i) for i, each in enumerate(screen.steps)
    ]
    steps = [Step(media=index, action="left_click", region=index, thought="Next.") for index in range(2)]
    return episode(screen.instruction, [png(screen.image), png(ticked)], steps, regions)


def drawn() -> list[Specimen]:
    screens = [draw_screen(random.Random(seed)) for seed in range(60)]
    two = [double(screen) for screen in screens if len(screen.steps) == 2]
    return [*(single(screen) for screen in screens[:24]), *two[:12]]


def session(folder: Path) -> Specimen:
    """A recorded desktop session: the steps that a person approved, on the screens that they were done on."""
    records = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*_translate.json"))]
    steps: list[Step] = []
    regions: list[Region] = []
    screens: list[bytes] = []
    for record in records:
        actions = [_step(action) for action in record["actions"] if action["action_type"][:4] not in ("Plan", "Eval")]
        for number, (name, arguments, place) in enumerate(actions):
            if not number:
                screens.append((folder / "images" / record["saved_image_name"]).read_bytes())
            region = -1
            if place:
                region = len(regions)
                regions.append(Region(points=place, shape="point", media=len(screens) - 1))
            thought = record["LLM_response_editer_en"].split("```")[0]
            written = json.dumps(arguments)
            steps.append(Step(media=len(screens) - 1, action=name, arguments=written, thought=thought, region=region))
    assert records[-1]["actions"][0]["situation"] == "sub_task_success"
    screens.append((folder / "images" / records[-1]["saved_image_name"]).read_bytes())
    steps.append(Step(media=len(screens) - 1, action="terminate", arguments='{"status": "success"}'))
    return episode(records[0]["task_prompt_en"], screens, steps, regions, ("success",))


def _step(action: dict[str, Any]) -> tuple[str, dict[str, Any], tuple[float, float] | None]:
    """A recorded action as action, arguments and place of `computer_use`."""
    if action["action_type"] == "WaitAction":
        return "wait", {"time": action["wait_time"]}, None
    if action["action_type"] == "KeyboardAction":
        if action["keyboard_action_type"] == "text":
            return "type", {"text": action["keyboard_text"]}, None
        return "key", {"keys": [action["keyboard_key"]]}, None
    kind = action["mouse_action_type"]
    if kind.startswith("scroll"):
        return "scroll", {"pixels": 100 * action["scroll_repeat"] * (1 if kind == "scroll_up" else -1)}, None
    place = (float(action["mouse_position"]["width"]), float(action["mouse_position"]["height"]))
    name = {"click": f"{action.get('mouse_button')}_click", "double_click": "double_click", "move": "mouse_move"}[kind]
    return name, {}, place


def judged(specimens: Sequence[Specimen]) -> pl.DataFrame:
    """What each rule makes of each sample, its screens compared."""
    samples = [specimen.sample for specimen in specimens]
    table = pa.Table.from_pylist([to_row(sample) for sample in samples], schema=SAMPLE)
    measured = pl.DataFrame(pl.from_arrow(measure_samples(table, [each for each in SIGNALS if each.tier != "pixels"])))
    compared = [each for each in SIGNALS if each.tier == "pixels"]
    of_screens = [seen(specimen, compared) for specimen in specimens]
    columns = {name: pl.Series([row[name] for row in of_screens], dtype=pl.Float64) for name in of_screens[0]}
    told = {"task": pl.Series([each.task for each in samples]), "source": pl.Series([each.source for each in samples])}
    return verdicts(measured.with_columns(**columns, **told), RULES)


def seen(specimen: Specimen, signals: Sequence[Any]) -> dict[str, Any]:
    sample = specimen.sample
    if not all(each.sha256 in specimen.images for each in sample.media):
        return {each.name: None for each in signals}
    media = [(specimen.images[each.sha256], each.orientation) for each in sample.media]
    return measure_screens(media, [step.media for step in sample.steps], signals)


def dropped(specimens: Sequence[Specimen]) -> dict[str, int]:
    table = judged(specimens)
    counts = {name: (table[name] == "drop").sum() for name in table.columns}
    return {name: count for name, count in counts.items() if count}


CLEAN = drawn()


def test_clean_samples_are_kept() -> None:
    assert dropped(CLEAN) == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_what_is_planted_is_dropped_by_its_rule(defect: Defect) -> None:
    check(defect, CLEAN)


def check(defect: Defect, clean: Sequence[Specimen]) -> None:
    spoilt = []
    for seed, specimen in enumerate(clean):
        found = defect.plant(specimen, random.Random(seed))
        assert found == defect.plant(specimen, random.Random(seed))
        spoilt += [found] if found else []
    assert len(spoilt) >= len(clean) / 4
    verdict = judged(spoilt)[defect.rule]
    assert (verdict == "drop").sum() >= 0.95 * len(spoilt), verdict.to_list()


def test_every_rule_on_agents_has_a_defect() -> None:
    rules = yaml.safe_load((Path(str(presets_package.__file__)).parent / "v1" / "agent.yaml").read_text("utf-8"))
    assert {defect.rule for defect in DEFECTS} == set(rules)


def test_real_sessions_are_kept_and_their_defects_dropped(real_data: Path) -> None:
    folders = sorted(folder for folder in (real_data / "vlm_samples" / "screenagent").iterdir() if folder.is_dir())
    sessions = [session(folder) for folder in folders]
    assert len(sessions) == 4 and all(len(each.sample.steps) >= 4 for each in sessions)
    assert dropped(sessions) == {}
    for name in ("unknown_action", "loop", "hung", "cut_short", "failed", "goes_on_after_the_end"):
        check(next(defect for defect in DEFECTS if defect.name == name), sessions)


def test_real_pages_are_kept(real_data: Path) -> None:
    rows = [json.loads(line) for line in (real_data / "gui" / "episodes.jsonl").read_text("utf-8").splitlines()]
    pages = []
    for row in rows:
        if not row["steps"]:
            continue
        regions = [Region(points=tuple(map(float, each["bbox"])), label=each["text"]) for each in row["steps"]]
        steps = [Step(media=0, action="left_click", region=index) for index in range(len(regions))]
        sized = Image.new("L", (row["width"], row["height"]))
        pages.append(episode(row["instruction"], [png(sized)], steps, regions))
    assert len(pages) == 130
    assert dropped(pages) == {}


def test_a_screen_is_judged_as_it_is_displayed() -> None:
    upright = CLEAN[0]
    turned = replace(upright.sample, media=(replace(upright.sample.media[0], orientation=6),))
    width, height = turned.media[0].displayed
    region = replace(turned.regions[0], points=(width + 1.0, 1.0, width + 9.0, 9.0))
    assert "steps_on_screen" in dropped([Specimen(replace(turned, regions=(region,)), upright.images)])
