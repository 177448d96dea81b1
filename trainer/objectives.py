"""What is minimised: pure functions of log-probabilities, each equal to what TRL 1.16 computes for the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid

from curation.contract.training import DpoSettings

# Of the sigmoid, BCO and SFT losses: Mixed Preference Optimization, arXiv 2411.10442, section 4.1.
MPO = {"sigmoid": 0.8, "bco": 0.2, "sft": 1.0}


def token_loss(log_probs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The weighted sum of the tokens' losses [T]: to be divided by the sum of all weights of the step."""
    return -(log_probs * weights).sum()


@dataclass(frozen=True)
class Answers:
    """Of each pair [P]: the summed log-probabilities of both answers, and how many tokens each of them has."""

    chosen: torch.Tensor
    rejected: torch.Tensor
    chosen_tokens: torch.Tensor
    rejected_tokens: torch.Tensor

    @classmethod
    def of(cls, log_probs: torch.Tensor, answers: torch.Tensor, count: int) -> Answers:
        """From the tokens' log-probabilities [T] and the answers [T] that they belong to: `count` in all, chosen and
        rejected ones by turns."""
        sums = torch.zeros(count, dtype=log_probs.dtype, device=log_probs.device).index_add(0, answers, log_probs)
        tokens = torch.bincount(answers, minlength=count)
        return cls(sums[0::2], sums[1::2], tokens[0::2], tokens[1::2])


def preference_loss(policy: Answers, reference: Answers, settings: DpoSettings) -> torch.Tensor:
    """The loss of each pair [P], to be averaged over all pairs of the step.

    `sigmoid` (Rafailov et al. 2023, arXiv 2305.18290, equation 7); `ipo` (Azar et al. 2023, arXiv 2310.12036, equation
    17, on means over tokens, as its authors meant it); `mpo`, the mix of `MPO`. With `length_normalised`, sigmoid goes
    by means over tokens too (TRL's `sigmoid_norm`).
    """
    if settings.loss == "ipo":
        return _ipo(policy, reference, settings.beta)
    sigmoid = _sigmoid(policy, reference, settings)
    if settings.loss == "sigmoid":
        return sigmoid
    sft = -policy.chosen / policy.chosen_tokens
    return MPO["sigmoid"] * sigmoid + MPO["bco"] * _bco(policy, reference, settings.beta) + MPO["sft"] * sft


def rewards(policy: Answers, reference: Answers, beta: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The implicit rewards of the chosen and the rejected answers [P]: beta times the log of policy over reference."""
    return beta * (policy.chosen - reference.chosen), beta * (policy.rejected - reference.rejected)


def _sigmoid(policy: Answers, reference: Answers, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = rewards(policy, reference, settings.beta)
    if settings.length_normalised:
        chosen, rejected = chosen / policy.chosen_tokens, rejected / policy.rejected_tokens
    return -logsigmoid(chosen - rejected)


def _ipo(policy: Answers, reference: Answers, beta: float) -> torch.Tensor:
    chosen, rejected = rewards(policy, reference, 1.0)
    return (chosen / policy.chosen_tokens - rejected / policy.rejected_tokens - 1 / (2 * beta)).square()


def _bco(policy: Answers, reference: Answers, beta: float) -> torch.Tensor:
    """Binary classifier optimisation (Jung et al. 2024, arXiv 2404.04656), without the shift by a running mean."""
    chosen, rejected = rewards(policy, reference, beta)
    return -logsigmoid(chosen) - logsigmoid(-rejected)


def ranking_loss(chosen: torch.Tensor, rejected: torch.Tensor, signs: torch.Tensor) -> torch.Tensor:
    """Bradley and Terry's: for each pair the sum over the dimensions [P, D] of its scores, `signs` being 1 where the
    chosen answer is the better one in that dimension, -1 where the rejected one is, 0 where nothing is known."""
    return -(logsigmoid(signs * (chosen - rejected)) * signs.abs()).sum(dim=-1)
