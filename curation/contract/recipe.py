"""The recipe: one YAML file that names sources, rules, mix, format and training, parsed strictly.

An unknown key is an error that names the file, the line and the nearest right key. Rules are checked against the
signal catalogue where they are compiled; here they are only shaped.
"""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, PrivateAttr, ValidationError, model_validator

from curation.contract.measuring import Measure
from curation.contract.nearest import nearest
from curation.contract.rule import EditOrOff
from curation.contract.source import Boxes as Boxes
from curation.contract.source import Source as Source
from curation.contract.training import DpoSettings, EvalSettings, Settings, TrainSettings


class RecipeError(ValueError):
    """A recipe that can't be used, with the file and the line."""


class Semantic(Settings):
    """Samples that mean nearly the same by a model's embeddings, after SemDeDup. Nano's are too coarse for it."""

    model: str = Field(
        description="a CLIP or SigLIP folder, a Qwen-VL checkpoint (its vision tower), a sentence encoder"
    )
    of: Literal["images", "texts"] = "images"
    similarity: float = Field(
        0.96, gt=0, le=1, description="least cosine similarity of duplicates; depends on the model"
    )
    workers: int = Field(2, ge=1, description="Spark tasks that embed at once, each with a model of its own")


class Deduplicate(Settings):
    near: bool = Field(
        True, description="also pictures that were resized, cropped, recompressed; confirmed by comparison"
    )
    mirrored: bool = Field(True, description="and those that were mirrored")
    hamming: int = Field(8, ge=0, le=12, description="most differing bits of candidates' 64-bit perceptual hashes")
    near_text: bool = Field(True, description="also texts without images whose answers are nearly the same")
    jaccard: float = Field(0.8, ge=0.5, le=1, description="least share of 5-character pieces in common")
    semantic: Semantic | None = Field(None, description="also by embeddings. null: not")
    prefer: list[Literal["verdicts", "resolution", "text", "source"]] = Field(
        ["verdicts", "resolution", "text", "source"],
        description="which of a group is kept: fewest rules that could not tell, most pixels, best text (quality, then "
        "length), first source of the recipe; then the smallest id",
    )
    against: list[str] = Field(
        [], description="earlier runs in this store, by id or recipe name, whose kept rows count as kept here too"
    )


class Decontaminate(Settings):
    """Rows that an evaluation set holds too."""

    on_match: Literal["drop", "flag"] = "drop"
    ngram: int = Field(13, ge=5, description="words in a row that must be shared (Brown et al. 2020)")
    most_items: int = Field(10, ge=1, description="words shared by more items of a set than that are a template")


class Mix(Settings):
    test_fraction: float = Field(0.1, ge=0, lt=1, description="share of the duplicate groups held out")
    caps: dict[str, int] = Field({}, description="most training rows of a source")
    test_cap: int | None = Field(None, ge=1, description="most test rows of a source")
    text_share: float | None = Field(
        None, ge=0, le=1, description="share of text-only training rows; the side in excess is thinned. null: as it is"
    )


class MediaAccess(Settings):
    """How media are read from and written to an object store. Platform defaults; they change no result."""

    concurrency: int = Field(16, ge=1, description="requests at a time, for each Spark task")
    retries: int = Field(4, ge=0, description="further tries after a failure that may pass, with doubling pauses")
    requests_per_second: float = Field(0, ge=0, description="for each Spark task; 0: no limit")


class Render(Settings):
    """For which family, and between how many pixels each image is resized; the defaults are the hub's."""

    family: str = "qwen2_5_vl"
    min_pixels: int = Field(3136, ge=1)
    max_pixels: int = Field(12_845_056, ge=1)

    @model_validator(mode="after")
    def _budget_is_a_range(self) -> Render:
        if self.min_pixels > self.max_pixels:
            raise ValueError(f"min_pixels {self.min_pixels:,} is greater than max_pixels {self.max_pixels:,}")
        return self


class Engine(Settings):
    """Who judges and answers: the checkpoint that `train` starts from, in the Spark workers, or a server."""

    url: str = Field("", description="an OpenAI-compatible server, such as http://gpu:8000/v1; empty: in process")
    model: str = Field("", description="name of the served model; in process, another checkpoint than `train.model`")
    batch_size: int = Field(16, ge=1, description="prompts at a time")
    workers: int = Field(2, ge=1, description="Spark tasks that ask at once, each with a model of its own in process")
    gpus: float = Field(
        0, ge=0, le=1, description="GPUs that each of these tasks gets on a cluster; 0.5: two tasks share one"
    )

    @model_validator(mode="after")
    def _server_names_its_model(self) -> Engine:
        if self.url and not self.model:
            raise ValueError("a server needs `model`, the name that it serves the model under")
        if self.url and self.gpus:
            raise ValueError("`gpus` are for a model in process; a server has its own")
        return self


class Score(Settings):
    """A judge reads answers and says yes or no to each rubric; the score is the share of `yes` in the probability that
    it gives to the two words."""

    rubrics: list[Literal["correct", "complete", "clear", "relevant"]] = Field(["correct"], min_length=1)
    min: float | None = Field(None, ge=0, le=1, description="drop rows whose lowest score is less. null: only measure")
    per_source: int | None = Field(None, ge=1, description="judge at most so many rows of a source, in hash order")


class Sample(Settings):
    """Rejection sampling: several answers to each training prompt that has a verifier, kept where they verify."""

    candidates: int = Field(4, ge=1, description="answers to each prompt")
    temperature: float = Field(1.0, gt=0)
    top_p: float = Field(1.0, gt=0, le=1)
    max_new_tokens: int = Field(64, ge=1, description="a longer answer is unfinished: it neither verifies nor fails")
    per_source: int | None = Field(None, ge=1, description="ask at most so many prompts of a source, in hash order")
    sources: list[str] = Field([], description="sources to ask; empty: all whose rows have a verifier")
    pairs: int = Field(1, ge=1, description="most preference pairs of one prompt")
    reference_chosen: bool = Field(
        False, description="where answers fail and none verifies, pair the reference, if it does, with a failed one"
    )


class Recipe(Settings):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")], Source] = Field(min_length=1)
    presets: int | None = Field(None, ge=1, description="version of the recommended rules; null: none of them")
    rules: dict[str, EditOrOff] = Field(
        {}, description="rules of one's own; under a preset's name what is different, or `off`"
    )
    media: MediaAccess = MediaAccess()
    measure: Measure = Measure()
    deduplicate: Deduplicate = Deduplicate()
    evaluation_sets: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")], Source] = Field(
        {}, description="benchmarks, read as sources are: what the dataset must not hold"
    )
    decontaminate: Decontaminate = Decontaminate()
    mix: Mix = Mix()
    render: Render = Render()
    engine: Engine = Engine()
    score: Score | None = None
    sample: Sample | None = None
    train: TrainSettings | None = None
    dpo: DpoSettings | None = None
    evaluate: EvalSettings = EvalSettings()
    _file: str = PrivateAttr("")
    _lines: dict[tuple[Any, ...], int] = PrivateAttr(default_factory=dict)

    def error(self, place: tuple[str, ...], message: str) -> RecipeError:
        """An error about a place in the recipe, such as ("rules", "not_tiny"), with its file and line."""
        return RecipeError(_located(self._file or f"recipe `{self.name}`", self._lines, place, message))

    @model_validator(mode="after")
    def _names_sources_that_are_there(self) -> Recipe:
        named = [("mix.caps", self.mix.caps), ("sample.sources", self.sample.sources if self.sample else [])]
        for where, names in named:
            for name in names:
                if name not in self.sources:
                    raise ValueError(f"{where}: no source `{name}`{nearest(name, self.sources)}")
        return self

    @model_validator(mode="after")
    def _evaluation_sets_have_names_of_their_own(self) -> Recipe:
        for name in self.evaluation_sets:
            if name in self.sources:
                raise ValueError(f"evaluation_sets.{name}: a source has this name, and their rows would share ids")
        return self

    @model_validator(mode="after")
    def _later_blocks_have_what_they_need(self) -> Recipe:
        if self.dpo and not (self.train and self.sample):
            raise ValueError("`dpo` needs `train`, from whose checkpoint it goes on, and `sample`, which makes pairs")
        if (self.score or self.sample) and not (self.train or self.engine.model):
            raise ValueError("`score` and `sample` need a model: give `engine.model`, or `train`")
        return self


def load_recipe(path: str | Path) -> Recipe:
    """Reads and checks a recipe.

    Raises:
        RecipeError: not readable, not YAML, or not a recipe; says where and what would be right.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not UTF-8 text at byte {error.start}") from None
    return parse_recipe(text, str(path))


def parse_recipe(text: str, name: str) -> Recipe:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise RecipeError(f"{name}{where}: not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(data, dict) or node is None:
        raise RecipeError(f"{name}: a recipe is a mapping that starts with `name:`")
    lines: dict[tuple[Any, ...], int] = {}
    _note_lines(node, (), lines, name)
    try:
        recipe = Recipe.model_validate(data)
        recipe._file, recipe._lines = name, lines
        return recipe
    except ValidationError as error:
        raise RecipeError("\n".join(_explain(name, lines, item) for item in error.errors())) from None


def _note_lines(node: yaml.Node, path: tuple[Any, ...], lines: dict[tuple[Any, ...], int], name: str) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, key.value)
            if here in lines:
                raise RecipeError(f"{name}:{key.start_mark.line + 1}: `{key.value}` is given twice")
            lines[here] = key.start_mark.line + 1
            _note_lines(value, here, lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*path, index), lines, name)


def _explain(name: str, lines: dict[tuple[Any, ...], int], error: Any) -> str:
    location = tuple(error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"unknown key{nearest(str(location[-1]), _keys_at(location[:-1]))}"
    return _located(name, lines, location, message)


def _located(name: str, lines: dict[tuple[Any, ...], int], location: tuple[Any, ...], message: str) -> str:
    """A message about a place in a recipe, with the line of the place or of what the message names."""
    known = location or _named_in(message, lines)
    while known and known not in lines:
        known = known[:-1]
    line = f":{lines.get(known, 1)}" if lines else ""
    where = ": ".join([f"{name}{line}", *filter(None, [".".join(map(str, location))])])
    return f"{where}: {message[0].lower()}{message[1:]}"


def _named_in(message: str, lines: dict[tuple[Any, ...], int]) -> tuple[str, ...]:
    """The first place that a message about the recipe as a whole names."""
    places = (tuple(word.split(".")) for word in re.findall(r"[\w.]+", message))
    return next((place for place in places if place in lines), ())


def _keys_at(location: tuple[Any, ...]) -> list[str]:
    """The keys that the model at a place in the recipe knows."""
    model: Any = Recipe
    for name in location:
        if isinstance(model, type) and issubclass(model, BaseModel):
            by_alias = {info.alias or key: info for key, info in model.model_fields.items()}
            model = by_alias[name].annotation if name in by_alias else None
        else:
            model = typing.get_args(model)[-1] if typing.get_args(model) else None
        options = [option for option in typing.get_args(model) if isinstance(option, type)]
        if options and typing.get_origin(model) is not dict and issubclass(options[0], BaseModel):
            model = options[0]  # `TrainSettings | None`
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [info.alias or key for key, info in model.model_fields.items()]
    return []
