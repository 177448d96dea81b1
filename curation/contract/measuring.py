"""The recipe's `measure` block: the models and word lists that signals use. Every one has a default without a file."""

from __future__ import annotations

from pydantic import Field

from curation.contract.training import Settings


class Measure(Settings):
    """Files are named by their path on the driver and, on a cluster, on every worker."""

    language_model: str = Field("", description="fastText's lid.176.bin or .ftz; empty: the packaged detector")
    quality_model: str = Field("", description="a fastText classifier with the label __label__good; empty: none")
    unsafe_words: str = Field("", description="a file with a term on each line; empty: the packaged list")
    unsafe_model: str = Field("", description="a fastText classifier with the label __label__unsafe; empty: none")
