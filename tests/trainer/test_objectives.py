"""Losses by hand, and preference losses against TRL's own."""

from __future__ import annotations

import math
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import trainer  # noqa: F401  before any of the torch libraries
from curation.contract.training import DpoSettings
from trainer.objectives import MPO, Answers, preference_loss, ranking_loss, rewards, token_loss

_ANSWERS = ((3, 5), (1, 4), (6, 2), (2, 2))  # tokens of the chosen and the rejected answer of each pair
_PROMPT = 3


def _log_probs(seed: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Of both answers of each pair, token by token."""
    generator = torch.Generator().manual_seed(seed)
    return [
        tuple(-3 * torch.rand(count, generator=generator, dtype=torch.float64) for count in counts)  # type: ignore[misc]
        for counts in _ANSWERS
    ]


def _answers(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> Answers:
    flat = [answer for pair in pairs for answer in pair]
    places = torch.cat([torch.full((len(answer),), at) for at, answer in enumerate(flat)])
    return Answers.of(torch.cat(flat), places, len(flat))


def _batch(pair: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """TRL's layout of one pair, [chosen; rejected]: log-probabilities [2, L - 1] and the answers' mask [2, L]."""
    longest = _PROMPT + max(map(len, pair))
    scores, mask = torch.zeros(2, longest - 1, dtype=torch.float64), torch.zeros(2, longest, dtype=torch.long)
    for at, answer in enumerate(pair):
        scores[at, _PROMPT - 1 : _PROMPT - 1 + len(answer)] = answer
        mask[at, _PROMPT : _PROMPT + len(answer)] = 1
    return scores, mask


def _by_trl(
    policy: tuple[torch.Tensor, torch.Tensor], reference: tuple[torch.Tensor, torch.Tensor], beta: float, **loss: Any
) -> float:
    """The loss of one pair by the code of TRL's DPO trainer, around a model that says these log-probabilities."""
    from trl.trainer.dpo_trainer import DPOTrainer

    scores, mask = _batch(policy)
    blank = torch.zeros_like(scores)
    said = SimpleNamespace(log_probs=scores, entropy=blank, mean_logits=blank, is_top1=blank.bool())
    told = SimpleNamespace(
        model=SimpleNamespace(training=True),
        accelerator=SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        beta=beta,
        use_weighting=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
        _tp_size=1,
        **loss,
    )
    inputs = {
        "input_ids": torch.zeros_like(mask),
        "attention_mask": torch.ones_like(mask),
        "completion_mask": mask,
        "ref_chosen_logps": reference[0].sum()[None],
        "ref_rejected_logps": reference[1].sum()[None],
    }
    return float(DPOTrainer._compute_loss(told, lambda **_: said, inputs, False))


@pytest.mark.parametrize("beta", [0.1, 0.7])
@pytest.mark.parametrize(
    ("ours", "theirs", "weights"),
    [
        ({"loss": "sigmoid"}, ["sigmoid"], [1.0]),
        ({"loss": "ipo"}, ["ipo"], [1.0]),
        ({"loss": "sigmoid", "length_normalised": True}, ["sigmoid_norm"], [1.0]),
        ({"loss": "mpo"}, ["sigmoid", "bco_pair", "sft"], [0.8, 0.2, 1.0]),
    ],
)
def test_preferences_lose_what_trl_says(
    ours: dict[str, Any], theirs: list[str], weights: list[float], beta: float
) -> None:
    policy, reference = _log_probs(1), _log_probs(2)
    found = preference_loss(_answers(policy), _answers(reference), DpoSettings(beta=beta, **ours))
    expected = [
        _by_trl(*each, beta=beta, loss_types=theirs, loss_weights=weights)
        for each in zip(policy, reference, strict=True)
    ]
    assert found.tolist() == pytest.approx(expected, abs=1e-12)
    assert max(expected) - min(expected) > 1e-3  # the pairs do differ


def test_preferences_by_hand() -> None:
    # Chosen: 2 tokens, log-probability -1 against -2; rejected: 1 token, -3 against -2.5. Rewards at 0.5: 0.5, -0.25.
    policy = Answers(*map(torch.tensor, ([-1.0], [-3.0], [2], [1])))
    reference = Answers(*map(torch.tensor, ([-2.0], [-2.5], [2], [1])))
    chosen, rejected = rewards(policy, reference, 0.5)
    assert (chosen.item(), rejected.item()) == (0.5, -0.25)

    def softplus(x: float) -> float:
        return math.log(1 + math.exp(x))

    cases = [
        ({"loss": "sigmoid"}, softplus(-0.75)),
        ({"loss": "sigmoid", "length_normalised": True}, softplus(-(0.25 + 0.25))),
        ({"loss": "ipo"}, (0.5 + 0.5 - 1) ** 2),
        ({"loss": "mpo"}, 0.8 * softplus(-0.75) + 0.2 * (softplus(-0.5) + softplus(-0.25)) + 0.5),
    ]
    for settings, expected in cases:
        found = preference_loss(policy, reference, DpoSettings(beta=0.5, **settings))
        assert found.item() == pytest.approx(expected, abs=1e-6)
    assert MPO == {"sigmoid": 0.8, "bco": 0.2, "sft": 1.0}


def test_answers_are_summed_where_they_belong() -> None:
    found = Answers.of(torch.tensor([-1.0, -2.0, -4.0, -8.0, -16.0]), torch.tensor([0, 0, 1, 2, 3]), 4)
    assert found.chosen.tolist() == [-3, -8]
    assert found.rejected.tolist() == [-4, -16]
    assert found.chosen_tokens.tolist() == [2, 1]
    assert found.rejected_tokens.tolist() == [1, 1]
    empty = Answers.of(torch.zeros(0), torch.zeros(0, dtype=torch.long), 0)
    assert preference_loss(empty, empty, DpoSettings()).sum() == 0


def test_tokens_lose_by_their_weights() -> None:
    assert token_loss(torch.tensor([-1.0, -2.0, -3.0]), torch.tensor([1.0, 0.5, 0.0])).item() == 2.0
    assert token_loss(torch.zeros(0), torch.zeros(0)).item() == 0.0


def test_ranks_lose_in_the_dimensions_that_are_known() -> None:
    # Two pairs in three dimensions: the chosen one better, unknown, worse; all unknown.
    chosen = torch.tensor([[1.0, 5.0, 0.0], [1.0, 1.0, 1.0]])
    rejected = torch.tensor([[0.0, 0.0, 2.0], [3.0, 3.0, 3.0]])
    signs = torch.tensor([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    found = ranking_loss(chosen, rejected, signs)
    assert found.tolist() == pytest.approx([math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2)), 0], abs=1e-6)
    even = ranking_loss(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1))
    assert even.item() == pytest.approx(math.log(2))
