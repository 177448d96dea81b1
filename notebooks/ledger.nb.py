# %% [markdown]
# # The ledger as data frames
# Every stage's table is Parquet: each row with its fate, signals and verdicts. Run cell by cell in an editor that knows
# percent notebooks, or whole: `WINNOW_STORE=winnow-demo/store python notebooks/ledger.nb.py`.

# %%
import os

import polars as pl

from curation.contract.table import read_table
from curation.ledger import Ledger, rule_funnel

ledger = Ledger.of(os.environ.get("WINNOW_STORE", "winnow-demo/store"))
decided = pl.DataFrame(pl.from_arrow(read_table(ledger.need("decide"))))

# %% [markdown]
# How the signals spread, by source. A threshold belongs where a distribution has its gap.

# %%
numbers = [name for name, kind in decided.schema.items() if kind.is_numeric()]
spread = decided.group_by("source").agg(pl.col(numbers).median()).sort("source")
spread.transpose(include_header=True, header_name="signal", column_names="source")

# %% [markdown]
# What each rule costs, and the rows nearest to one threshold: look at them before you trust it.

# %%
funnel = pl.DataFrame(rule_funnel(ledger))
nearest = (
    decided.drop_nulls("blur_laplacian_var")
    .with_columns((pl.col("blur_laplacian_var") - 20).abs().alias("margin"))
    .sort("margin")
    .select("row_id", "source", "blur_laplacian_var", "fate", "reason")
    .head(10)
)
