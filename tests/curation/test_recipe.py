from __future__ import annotations

from pathlib import Path

import pytest

from curation.build import Builder
from curation.contract.recipe import RecipeError, load_recipe, parse_recipe
from curation.contract.rule import Off
from curation.contract.sample import Media
from curation.contract.source import BUILDER_FIELDS, BUILDER_TASKS, Source
from curation.decide import check_rules

SOURCE = """
name: small
sources:
  pairs:
    path: pairs/*.tar
    reader: webdataset
    build: caption
    fields: {image: image, caption: txt}
"""


def test_a_recipe_says_little_and_gets_defaults() -> None:
    recipe = parse_recipe(SOURCE, "r.yaml")
    assert recipe.sources["pairs"].boxes.frame == "displayed"
    assert recipe.mix.test_fraction == 0.1
    assert recipe.train is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOURCE + "renderr: {}\n", "r.yaml:9: renderr: unknown key; did you mean `render`?"),
        (SOURCE + "mix:\n  text_shar: 0.5\n", "r.yaml:10: mix.text_shar: unknown key; did you mean `text_share`?"),
        (SOURCE + "train: {methd: full}\n", "r.yaml:9: train.methd: unknown key; did you mean `method`?"),
        (SOURCE + "rules:\n  big: {signl: width_px}\n", "rules.big.signl: unknown key; did you mean `signal`?"),
        (SOURCE.replace("caption: txt", "captoin: txt"), "no field `captoin`; did you mean `caption`?"),
        (SOURCE.replace(", caption: txt", ""), "`caption` needs the fields caption"),
        (SOURCE.replace("txt}", "'txt['}"), "not a JMESPath expression"),
        (SOURCE + "mix: {caps: {pears: 3}}\n", "r.yaml:9: mix.caps: no source `pears`; did you mean `pairs`?"),
        (SOURCE + "train: {}\ndpo: {}\n", "r.yaml:10: `dpo` needs `train`, from whose checkpoint it goes on"),
        (SOURCE + "score: {}\n", "r.yaml:9: `score` and `sample` need a model: give `engine.model`, or `train`"),
        (
            SOURCE + "train: {}\nsample:\n  sources: [pears]\n",
            "r.yaml:11: sample.sources: no source `pears`; did you mean `pairs`?",
        ),
        (SOURCE + "engine: {url: 'http://gpu/v1'}\n", "r.yaml:9: engine: a server needs `model`"),
        (SOURCE + "train: {}\nsample:\n  candidates: 0\n", "r.yaml:11: sample.candidates: input should be"),
        (SOURCE + "train: {}\nscore:\n  rubrics: [corect]\n", "r.yaml:11: score.rubrics.0: input should be 'correct'"),
        (SOURCE + "train: {}\nsample: {canddates: 3}\n", "sample.canddates: unknown key; did you mean `candidates`?"),
        (SOURCE + "name: twice\n", "r.yaml:9: `name` is given twice"),
        (SOURCE + "rules: [\n", "r.yaml:10: not YAML"),
        ("- a list\n", "a recipe is a mapping"),
    ],
)
def test_a_mistake_names_the_line_and_the_mend(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        parse_recipe(text, "r.yaml")
    assert message in str(error.value)


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "curation" / "recipes").glob("*.yaml")))
def test_shipped_recipes_load_and_their_rules_compile(path: Path) -> None:
    assert check_rules(load_recipe(path))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(RecipeError, match="nowhere.yaml"):
        load_recipe("nowhere.yaml")


def test_a_rule_is_shaped_where_it_stands_and_off_is_off() -> None:
    recipe = parse_recipe(SOURCE + "rules: {a: off, b: 'off', c: {min: 3}}\n", "r.yaml")
    assert [isinstance(rule, Off) for rule in recipe.rules.values()] == [True, True, False]
    with pytest.raises(RecipeError) as error:
        parse_recipe(SOURCE + "    rules: {a: {min: 1, tasks: [ocr]}}\n", "r.yaml")
    assert "r.yaml:9: sources.pairs.rules.a.tasks: unknown key" in str(error.value)


def test_the_rules_of_a_source_are_no_part_of_what_it_ingests(tmp_path: Path) -> None:
    from curation.inputs import HashCache, Inputs
    from curation.review.state import read_state
    from curation.stages import stages_of

    def fingerprints(text: str) -> dict[str, str]:
        found: dict[str, str] = {}
        cache, state = HashCache(tmp_path / "cache.json"), read_state(str(tmp_path / "store"))
        for stage in stages_of(parse_recipe(text, "r.yaml"), {"pairs": Inputs("", (), "")}, None, cache, state):
            found[stage.name] = stage.fingerprint(found)
        return found

    rules = "rules: {a: {signal: answer_words, min: 3, why: x}}\n"
    plain = fingerprints(SOURCE + rules)
    other = fingerprints(SOURCE + "    rules: {a: {min: 2}}\n" + rules)
    assert plain["ingest_pairs"] == other["ingest_pairs"] and plain["measure"] == other["measure"]
    assert plain["decide"] != other["decide"]
    assert plain == fingerprints(SOURCE + rules.replace("why: x", "why: y, origin: z"))


@pytest.mark.parametrize("build", sorted(BUILDER_TASKS))
def test_the_task_of_a_builder_is_the_one_that_it_builds(build: str) -> None:
    values = {"image": "x", "caption": "c", "question": "q", "answer": {"a": "b"}, "phrase": "p", "instruction": "i"}
    values |= {"region": [1, 2, 3, 4], "target": [1, 2, 3, 4], "output": "o", "action": "left_click"}
    values |= {"regions": [{"points": [1, 2, 3, 4], "text": "t", "label": "l"}]}
    values |= {"answer": "a"} if build == "vqa" else {}
    fields = {name: name for name in BUILDER_FIELDS[build][0]}
    source = Source(path="p", reader="jsonl", build=build, fields=fields)  # type: ignore[arg-type]
    media = Media(sha256="x", mime="image/png", width=9, height=9, size=9)
    (sample,) = Builder("s", source).build("s:1", values, lambda value: media)
    assert {sample.task} == source.makes == {BUILDER_TASKS[build]}
