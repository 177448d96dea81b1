"""Presets, and what a recipe makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from curation.contract.recipe import RecipeError, parse_recipe
from curation.contract.rule import Rule, Statement, merge
from curation.contract.sample import Task
from filters import resolving
from filters.catalogue import catalogue
from filters.deciding import compiled
from filters.listing import END, START, markdown, recipe_rows, rule_rows, signal_rows, with_signals
from filters.presets import LATEST, presets
from filters.resolving import resolve

RECIPE = """
name: small
presets: 1
sources:
  pairs:
    path: pairs/*.tar
    reader: webdataset
    build: caption
    fields: {image: image, caption: txt}
  alttext:
    path: alttext/*.tar
    reader: webdataset
    build: caption
    fields: {image: image, caption: txt}
"""
SAYS = Rule(signal="answer_words", min=3, tasks=("caption",), why="w", origin="o")
SIDE = Rule(signal="min_side_px", min=28, tasks=("caption", "ocr"))
LEGIBLE = Rule(signal="answer_chars", min=8, tasks=("ocr",))


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three presets in the place of the shipped ones, which change."""
    known = {"says_something": SAYS, "not_tiny": SIDE, "legible": LEGIBLE}
    monkeypatch.setattr(resolving, "presets", lambda version: dict(known))


def resolved(rules: str = "", alttext: str = "") -> dict[str, Rule]:
    return resolve(parse_recipe(RECIPE + alttext + rules, "r.yaml"))


# ---- the shipped ones ----


@pytest.mark.parametrize(("name", "rule"), presets().items())
def test_every_preset_compiles_and_says_why_and_whose_it_is(name: str, rule: Rule) -> None:
    compiled({name: rule})
    assert rule.tasks and rule.why and rule.origin and not rule.sources and not rule.by_source


def test_there_are_versions() -> None:
    assert presets(LATEST) == presets()
    with pytest.raises(ValueError, match=f"no presets {LATEST + 1}; the latest are {LATEST}"):
        presets(LATEST + 1)


# ---- merging ----


def test_given_keys_replace_those_of_the_preset() -> None:
    merged = merge(SAYS, Statement(min=2))
    assert (merged.signal, merged.min, merged.tasks, merged.why) == ("answer_words", 2, ("caption",), "w")
    assert merged.origin == ""  # nobody else uses this threshold
    assert merge(SAYS, Statement(why="other")).origin == "o"


def test_a_new_signal_replaces_all_that_was_kept() -> None:
    assert merge(SAYS, Statement(signal="answer_chars", max=9)).min is None
    assert merge(SAYS, Statement(predicate="answer_chars > 3")).signal is None


def test_what_comes_out_must_be_a_rule() -> None:
    with pytest.raises(ValidationError, match="min 3 is greater than max 2"):
        merge(SAYS, Statement(max=2))
    assert merge(SAYS, Statement.model_validate({"min": None, "max": 2})).condition == "answer_words ≤ 2"


# ---- resolving ----


@pytest.mark.usefixtures("three")
def test_presets_for_the_tasks_of_the_sources() -> None:
    assert resolved() == {"says_something": SAYS, "not_tiny": SIDE}  # no source makes ocr samples
    found = resolved("rules: {legible: {tasks: [caption]}, mine: {signal: answer_words, max: 9}}\n")
    assert list(found) == ["says_something", "not_tiny", "legible", "mine"]


def test_a_recipe_without_presets_has_its_own_rules_only() -> None:
    text = RECIPE.replace("presets: 1", "") + "rules: {mine: {signal: answer_words, max: 9}}\n"
    assert list(resolve(parse_recipe(text, "r.yaml"))) == ["mine"]


@pytest.mark.usefixtures("three")
def test_a_recipe_changes_presets_and_switches_them_off() -> None:
    found = resolved("rules: {not_tiny: {min: 56}, says_something: off}\n")
    assert list(found) == ["not_tiny"] and found["not_tiny"].condition == "min_side_px ≥ 56"


@pytest.mark.usefixtures("three")
def test_a_source_changes_a_rule_for_itself() -> None:
    found = resolved("rules: {says_something: {max: 99}}\n", "    rules: {says_something: {min: 1}, not_tiny: off}\n")
    assert found["says_something"].condition == "3 ≤ answer_words ≤ 99"
    assert found["says_something"].by_source["alttext"].condition == "1 ≤ answer_words ≤ 99"
    assert found["not_tiny"].sources == ("pairs",)


@pytest.mark.usefixtures("three")
def test_a_rule_may_hold_for_one_source_alone() -> None:
    found = resolved("rules: {says_something: off}\n", "    rules: {says_something: {min: 1}}\n")
    assert found["says_something"].sources == ("alttext",) and found["says_something"].min == 1


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("rules", "alttext", "message"),
    [
        (
            "rules:\n  not_tinny: off\n",
            "",
            "r.yaml:16: rules.not_tinny: there is no preset `not_tinny` to switch off; d",
        ),
        (
            "rules:\n  not_tinny: {min: 5}\n",
            "",
            "r.yaml:16: rules.not_tinny: a rule has either a signal or a predicate",
        ),
        ("rules:\n  not_tiny:\n    max: 5\n", "", "r.yaml:16: rules.not_tiny: min 28 is greater than max 5"),
        (
            "rules:\n  not_tiny: {sources: [alttex]}\n",
            "",
            "rules.not_tiny.sources: no source `alttex`; did you mean `al",
        ),
        (
            "",
            "    rules: {not_tinny: off}\n",
            "r.yaml:15: sources.alttext.rules.not_tinny: there is no rule `not_tinny`",
        ),
        ("", "    rules: {not_tiny: {max: 5}}\n", "r.yaml:15: sources.alttext.rules.not_tiny: min 28 is greater"),
        ("", "    rules: {legible: {min: 5}}\n", "the rule is for ocr, and `alttext` makes caption samples"),
    ],
)
def test_a_mistake_names_the_line_and_the_mend(rules: str, alttext: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        resolved(rules, alttext)
    assert message in str(error.value)


def test_an_unknown_version_is_an_error_of_the_recipe() -> None:
    with pytest.raises(RecipeError, match="r.yaml:3: presets: there are no presets 99"):
        resolve(parse_recipe(RECIPE.replace("presets: 1", "presets: 99"), "r.yaml"))


# ---- listing ----


@pytest.mark.usefixtures("three")
def test_a_recipes_list_says_what_is_changed_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filters.listing.presets", lambda version: {"says_something": SAYS, "not_tiny": SIDE})
    text = (
        RECIPE + "    rules: {says_something: {min: 1}}\nrules: {not_tiny: off, mine: {signal: answer_words, max: 9}}\n"
    )
    rows = {row["rule"]: row for row in recipe_rows(parse_recipe(text, "r.yaml"))}
    assert {name: row["changed"] for name, row in rows.items()} == {
        "says_something": "alttext: answer_words ≥ 1",
        "mine": "recipe's own",
        "not_tiny": "off",
    }
    assert rows["not_tiny"]["keeps"] == "everything" and rows["says_something"]["why"] == "w"


@pytest.mark.parametrize("task", ["caption", "agent"])
def test_rules_for_a_task(task: Task) -> None:
    listed = {row["rule"] for row in rule_rows(task)}
    assert listed == {name for name, rule in presets().items() if task in rule.tasks} != set(presets())


def test_every_signal_is_listed_with_the_presets_that_read_it() -> None:
    rows = {row["signal"]: row for row in signal_rows()}
    assert list(rows) == list(catalogue())
    for name, rule in presets().items():
        assert rule.signal is None or name in rows[rule.signal]["presets"]


def test_markdown_cannot_be_broken_by_what_it_shows() -> None:
    told = markdown([{"a": "x|y\n<b>", "b": ["p", "q"]}], ["a", "b"])
    assert told == "| a | b |\n| --- | --- |\n| x\\|y &lt;b> | p, q |\n"


def test_the_readme_has_the_table_of_the_signals() -> None:
    """`winnow signals --markdown --write README.md` mends it."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert with_signals(readme) == readme
    with pytest.raises(ValueError, match="no place for the table"):
        with_signals(readme.replace(START, ""))
    assert with_signals(f"a {START} old {END} z").endswith(f"{END} z")
