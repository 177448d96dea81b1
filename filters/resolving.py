"""From what a recipe writes to whole rules: presets, what the recipe changes of them, what single sources change."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from curation.contract.nearest import nearest
from curation.contract.recipe import Recipe
from curation.contract.rule import Off, Rule, RuleEdit, Statement, merge
from filters.presets import presets


def resolve(recipe: Recipe) -> dict[str, Rule]:
    """The rules of a recipe by name, presets first, each whole.

    A preset is there if it applies to a task of the recipe's sources. Where a source keeps something else the rule says
    so in `by_source`, and where it is off for a source `sources` names all others.

    Raises RecipeError, with the line, for an unknown version of the presets, a name that nothing has, a source that is
    not there, or keys that do not make a rule.
    """
    try:
        base = presets(recipe.presets) if recipe.presets is not None else {}
    except ValueError as error:
        raise recipe.error(("presets",), str(error)) from None
    names = [*base, *(name for name in recipe.rules if name not in base)]
    _check_names(recipe, base, names)
    found = {name: _rule(recipe, name, base.get(name)) for name in names}
    tasks = {task for source in recipe.sources.values() for task in source.makes}
    return {name: rule for name, rule in found.items() if rule and (not rule.tasks or tasks & set(rule.tasks))}


def _check_names(recipe: Recipe, base: Mapping[str, Rule], names: list[str]) -> None:
    for name, edit in recipe.rules.items():
        if name not in base and isinstance(edit, Off):
            raise recipe.error(("rules", name), f"there is no preset `{name}` to switch off{_near(name, base)}")
        for source in edit.sources:
            if source not in recipe.sources:
                near = nearest(source, recipe.sources)
                raise recipe.error(("rules", name, "sources"), f"no source `{source}`{near}")
    for name, block in recipe.sources.items():
        for rule in block.rules:
            if rule not in names:
                raise recipe.error(("sources", name, "rules", rule), f"there is no rule `{rule}`{_near(rule, names)}")


def _near(name: str, known: list[str] | Mapping[str, Rule]) -> str:
    """A few words on which name was meant; of many presets not all."""
    close = nearest(name, known)
    if not known:
        return "; `presets: 1` brings the recommended rules"
    return close if close.startswith("; did") or len(known) < 8 else "; `winnow rules` lists them"


def _rule(recipe: Recipe, name: str, preset: Rule | None) -> Rule | None:
    """One rule with all that the recipe and its sources say of it; None where it is off everywhere."""
    edit = recipe.rules.get(name)
    general: Rule | None = preset
    if isinstance(edit, Off):
        general = None
    elif edit is not None:
        general = _merged(recipe, ("rules", name), preset, edit)
    here = {source: block.rules[name] for source, block in recipe.sources.items() if name in block.rules}
    others = {
        source: _of_source(recipe, source, name, general or preset, said)
        for source, said in here.items()
        if not isinstance(said, Off)
    }
    scope = general.sources or tuple(recipe.sources) if general else ()
    left = tuple(source for source in scope if not isinstance(here.get(source), Off))
    if general is None or not left:  # only where a source asks for it
        if not others:
            return None
        first, *rest = others
        return others[first].model_copy(update={"sources": (first,), "by_source": {s: others[s] for s in rest}})
    sources = general.sources if left == scope else left
    return general.model_copy(update={"sources": sources, "by_source": others})


def _of_source(recipe: Recipe, source: str, name: str, base: Rule | None, said: Statement) -> Rule:
    place = ("sources", source, "rules", name)
    rule = _merged(recipe, place, base, said)
    makes = recipe.sources[source].makes
    if rule.tasks and not makes & set(rule.tasks):
        made = " and ".join(sorted(makes))
        told = f"the rule is for {', '.join(rule.tasks)}, and `{source}` makes {made} samples: it changes nothing"
        raise recipe.error(place, told)
    return rule.model_copy(update={"sources": ()})


def _merged(recipe: Recipe, place: tuple[str, ...], base: RuleEdit | None, edit: Statement) -> Rule:
    try:
        return merge(base, edit)
    except ValidationError as error:
        told = "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors())
        raise recipe.error(place, told) from None
