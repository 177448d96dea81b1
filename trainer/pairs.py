"""Pairs as the loop trains on them: both answers of a pair in one pack, chosen first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from curation.contract.dataset import RenderedRow
from curation.contract.training import TuningSettings
from model.attention import BRANCHING
from model.load import Checkpoint
from model.pack import Packed, preference
from trainer.data import PairDataset, leave_out_long, pair_counts
from trainer.loop import Material
from trainer.plan import Length
from trainer.start import backend_of, longest, material_name, patches_of


def pair_material(pairs: PairDataset, loaded: Checkpoint, settings: TuningSettings, base: Path) -> Material:
    """A step's loss is divided by its pairs. Where the attention back-end can, a pair's answers share their prompt and
    its images. Raises `DataError` as `pair_counts` and `leave_out_long` do."""
    tokenizer = loaded.processor.tokenizer
    sharing = backend_of(settings, loaded.model) in BRANCHING
    counts = pair_counts(pairs, tokenizer, sharing)
    kept, counts, left_out = leave_out_long(pairs.chosen, counts, longest(settings))
    copies = 1 if sharing else 2  # of an image

    def documents(place: int) -> Sequence[Packed]:
        row = kept.rows[place]
        return preference(row, pairs.rejected[row.row_id], tokenizer, sharing)

    patch = loaded.family.patch_size
    return Material(
        data=kept,
        lengths=[Length(count, copies * patches_of(row, patch)) for row, count in zip(kept.rows, counts, strict=True)],
        samples=documents,
        count=lambda batch, places: float(len(places)),
        name=material_name(kept, base, settings),
        left_out=left_out,
    )


def by_modality(rows: Sequence[RenderedRow]) -> dict[str, int]:
    return {"pairs": len(rows), "image_pairs": sum(bool(row.media) for row in rows)}
