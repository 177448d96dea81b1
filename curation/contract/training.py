"""The settings of training and evaluation, as a recipe or the command line gives them. No torch here, so that a recipe
can be checked on any machine."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """A strict, immutable block of settings: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TuningSettings(Settings):
    """What fine-tuning on rows and on pairs have in common. A pass holds `batch_size` rows or pairs."""

    method: Literal["lora", "full"] = "lora"
    policy: Literal["llm", "llm+merger", "merger", "all"] = Field(
        "llm", description="what may train; the ViT is frozen unless `all`"
    )
    lora_rank: int = Field(16, ge=1)
    lora_alpha: int = Field(32, ge=1)
    learning_rate: float = Field(gt=0)
    warmup_ratio: float = Field(0.03, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    epochs: float = Field(1.0, gt=0)
    max_steps: int = Field(-1, description="stops earlier than `epochs` when positive")
    batch_size: int = Field(ge=1)
    accumulation: int = Field(1, ge=1, description="passes per optimizer step")
    max_length: int | None = Field(None, ge=16, description="rows with more tokens are left out, counted and named")
    seed: int = 17


class TrainSettings(TuningSettings):
    """Supervised fine-tuning. Defaults are platform defaults: no paper of the family publishes its own."""

    model: str = Field("nano", description="`nano` (shipped) or a local checkpoint folder of the family")
    lora_dropout: float = Field(0.0, ge=0, lt=1)
    learning_rate: float = Field(1e-4, gt=0)
    batch_size: int = Field(8, ge=1, description="rows per optimizer step and device pass")


class DpoSettings(TuningSettings):
    """Direct preference optimisation. `beta` is the DPO paper's; the other defaults are platform defaults. There is no
    dropout: policy and reference must differ by what was learned alone."""

    learning_rate: float = Field(5e-6, gt=0)
    batch_size: int = Field(4, ge=1, description="pairs per device pass, each of them two rows")
    beta: float = Field(0.1, gt=0, description="how hard it is to move away from the reference")
    loss: Literal["sigmoid", "ipo"] = Field("sigmoid", description="`sigmoid` is DPO's own; `ipo` bounds the margin")


class EvalSettings(Settings):
    max_rows: int | None = Field(None, ge=1, description="at most this many rows per task, in hash order; null: all")
    max_new_tokens: int = Field(128, ge=1)
    batch_size: int = Field(8, ge=1)
