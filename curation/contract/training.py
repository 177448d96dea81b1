"""The settings of training and evaluation, as a recipe or the command line gives them. No torch here, so that a recipe
can be checked on any machine."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Settings(BaseModel):
    """A strict, immutable block of settings: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TuningSettings(Settings):
    """What every training has in common. Samples (rows or pairs) are put together in packs; an optimizer step takes
    `accumulation` packs in each process."""

    method: Literal["lora", "qlora", "full"] = Field("lora", description="`qlora`: 4-bit base, on a CUDA GPU")
    policy: Literal["llm", "llm+merger", "merger", "all"] = Field(
        "llm", description="what may train; the ViT is frozen unless `all`"
    )
    lora_rank: int = Field(16, ge=1)
    lora_alpha: int = Field(32, ge=1)
    learning_rate: float = Field(gt=0)
    merger_learning_rate: float | None = Field(None, gt=0, description="null: `learning_rate`")
    vit_learning_rate: float | None = Field(None, gt=0, description="null: `learning_rate`")
    warmup_ratio: float = Field(0.03, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = Field(-1, description="when positive: so many steps, whatever `epochs` says")
    pack_tokens: int = Field(4096, ge=16, description="tokens of a pack at most: what fits in memory")
    pack_patches: int | None = Field(None, ge=4, description="image patches of a pack at most; null: 4 per token")
    batch_size: int | None = Field(None, ge=1, description="samples of a pack at most; null: as many as fit")
    accumulation: int = Field(1, ge=1, description="packs per optimizer step")
    max_length: int | None = Field(
        None, ge=16, description="longer samples are left out, counted and named; null: those longer than a pack"
    )
    attention: Literal["auto", "sdpa", "varlen", "flash_attention_2", "eager"] = Field(
        "auto", description="`auto`: varlen on a CUDA GPU, else sdpa"
    )
    checkpointing: bool | None = Field(
        None, description="compute activations once more on the way back, to save memory; null: on a GPU"
    )
    cache_gb: float = Field(20.0, ge=0, description="of image features on disk while the ViT is frozen; 0: none")
    save_every: int = Field(200, ge=0, description="steps between checkpoints to go on from; 0: none")
    workers: int = Field(0, ge=0, description="processes that prepare packs")
    log_to: tuple[Literal["tensorboard", "trackio", "wandb"], ...] | None = Field(
        None, description="beside metrics.jsonl; null: TensorBoard, where it is installed"
    )
    seed: int = 17


class TrainSettings(TuningSettings):
    """Supervised fine-tuning. Defaults are platform defaults: no paper of the family publishes its own."""

    model: str = Field("nano", description="`nano` (shipped) or a local checkpoint folder of the family")
    lora_dropout: float = Field(0.0, ge=0, lt=1)
    learning_rate: float = Field(1e-4, gt=0)
    evaluate_every: int = Field(0, ge=0, description="steps between measurements on the test rows; 0: none")
    evaluate_rows: int = Field(16, ge=1, description="test rows of each task, chosen by hash")
    evaluate_tokens: int = Field(128, ge=1, description="of an answer, at most")
    neftune_alpha: float | None = Field(None, gt=0, description="noise on embeddings (arXiv 2310.05914); null: none")


class DpoSettings(TuningSettings):
    """Direct preference optimisation. `beta` is the DPO paper's; the other defaults are platform defaults. There is no
    dropout: policy and reference must differ by what was learned alone."""

    learning_rate: float = Field(5e-6, gt=0)
    beta: float = Field(0.1, gt=0, description="how hard it is to move away from the reference")
    loss: Literal["sigmoid", "ipo", "mpo"] = Field(
        "sigmoid", description="`sigmoid` is DPO's own; `ipo` bounds the margin; `mpo` adds BCO and SFT"
    )
    length_normalised: bool = Field(False, description="sigmoid by means over an answer's tokens, not by sums")


class RewardSettings(TuningSettings):
    """A reward model: scores of answers, learnt from pairs. Defaults are platform defaults."""

    learning_rate: float = Field(1e-5, gt=0)
    dimensions: tuple[str, ...] = Field(
        ("overall",), min_length=1, description="`overall` is what a pair prefers; of others its `better` speaks"
    )
    held_out: float = Field(
        0.1, ge=0, lt=1, description="share of prompts kept to judge by, where the dataset has no pairs for that"
    )

    @field_validator("dimensions")
    @classmethod
    def _distinct(cls, dimensions: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(dimensions)) < len(dimensions) or not all(dimensions):
            raise ValueError("each dimension needs a name of its own")
        return dimensions


class EvalSettings(Settings):
    max_rows: int | None = Field(None, ge=1, description="at most this many rows per task, in hash order; null: all")
    max_new_tokens: int = Field(128, ge=1)
    batch_size: int = Field(8, ge=1)
