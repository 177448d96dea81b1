from __future__ import annotations

from pathlib import Path

import pytest

from curation.contract.recipe import RecipeError, load_recipe, parse_recipe

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
def test_shipped_recipes_load(path: Path) -> None:
    assert load_recipe(path).sources


def test_a_missing_file_is_named() -> None:
    with pytest.raises(RecipeError, match="nowhere.yaml"):
        load_recipe("nowhere.yaml")
