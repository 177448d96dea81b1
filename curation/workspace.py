"""Where a command works: a recipe, the data it reads, the folder it writes, the store behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from curation.contract.recipe import Recipe, load_recipe
from curation.plan import Plan, make_plan
from curation.stage import Runtime
from curation.store import resolve, store_url

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Workspace:
    recipe: Recipe
    data: str
    out: Path
    store: str
    master: str | None = None
    limit: int | None = None
    spark_settings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        recipe: str | Path,
        out: str | Path,
        data: str = "",
        store: str = "",
        master: str | None = None,
        limit: int | None = None,
        spark_settings: dict[str, str] | None = None,
    ) -> Workspace:
        """`data` defaults to the recipe's own folder, `store` to `store/` in `out`; both may be URLs.
        `spark_settings` are Spark's own."""
        out = Path(out).resolve()
        data = resolve(data or str(Path(recipe).resolve().parent))
        return cls(load_recipe(recipe), data, out, store_url(out, store), master, limit, spark_settings or {})

    def plan(self) -> Plan:
        return make_plan(self.recipe, self.store, self.data, self.out, self.limit)

    def runtime(self, console: Console, session: SparkSession | None = None) -> Runtime:
        return Runtime(self.store, console, self.master, session, self.recipe.media, self.spark_settings)

    @property
    def dagster_home(self) -> Path:
        return self.out / "dagster"
