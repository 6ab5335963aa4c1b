from types import SimpleNamespace

import pytest
import torch

from qantara.models import expert_rows
from qantara.models.expert_rows import route

CHOSEN = torch.tensor([[2, 0], [2, 3], [0, 2]])  # three tokens; expert 1 gets none


def experts(num=4, **attributes):
    return SimpleNamespace(num_experts=num, hidden_dim=8, intermediate_dim=16, **attributes)


def bounds(routing):
    return [(part.first, part.last, part.start, part.end) for part in routing.segments]


def test_rows_lie_expert_by_expert_and_experts_without_tokens_have_no_segment():
    routing = route(experts(), CHOSEN, torch.float32, "loop")
    assert bounds(routing) == [(0, 1, 0, 2), (2, 3, 2, 5), (3, 4, 5, 6)]
    assert all(part.ends is None for part in routing.segments)
    values = torch.tensor([[10.0], [11.0], [12.0]])
    assert [routing.spread(values, part)[:, 0].tolist() for part in routing.segments] == [[10, 12], [10, 11, 12], [11]]


def test_a_tokens_rows_come_back_together_with_their_own_weights():
    routing = route(experts(), CHOSEN, torch.float32, "loop")
    weights = torch.tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    values = torch.tensor([[10.0], [11.0], [12.0]])
    parts = [routing.spread(values, part) * routing.row_weights(weights, part) for part in routing.segments]
    assert torch.allclose(routing.gather(parts, values), values * weights.sum(1, keepdim=True))
    of_weights = [routing.row_weights(weights, part) for part in routing.segments]
    assert torch.equal(routing.unsort(of_weights, weights).view(3, 2), weights)


def test_a_group_of_all_experts_needs_no_row_count_on_the_host():
    routing = route(experts(), CHOSEN, torch.bfloat16, "grouped")
    assert bounds(routing) == [(0, 4, 0, 6)]
    assert routing.segments[0].ends.tolist() == [2, 2, 5, 6]
    assert routing.segments[0].ends.dtype == torch.int32


@pytest.mark.parametrize(
    ("budget", "wanted"),
    [
        (4 * 512, [(0, 4, 0, 6)]),
        (4 * 512 - 1, [(0, 3, 0, 5), (3, 4, 5, 6)]),
        (2 * 512, [(0, 2, 0, 2), (2, 4, 2, 6)]),
        (1, [(0, 1, 0, 2), (2, 3, 2, 5), (3, 4, 5, 6)]),
    ],
)
def test_groups_keep_to_the_budget_of_dequantized_bytes(budget, wanted):
    one_expert_bytes = 2 * 16 * 8 * 2  # gate and up, in bf16
    assert one_expert_bytes == 512
    routing = route(experts(transient_bytes=budget), CHOSEN, torch.bfloat16, "grouped")
    assert bounds(routing) == wanted
    assert all(part.ends[-1] == part.end - part.start for part in routing.segments)


@pytest.mark.parametrize(
    ("num_rows", "dtype", "padding"),
    [(100, torch.bfloat16, 28), (128, torch.bfloat16, 0), (3, torch.bfloat16, 0), (100, torch.float32, 0)],
)
def test_many_rows_in_bf16_are_padded_on_a_cpu_to_few_shapes(num_rows, dtype, padding):
    routing = route(experts(1), torch.zeros(num_rows, 1, dtype=torch.long), dtype, "loop")
    (segment,) = routing.segments
    assert segment.padding == padding
    values, weights = torch.randn(num_rows, 2), torch.rand(num_rows, 1) + 0.1
    rows = routing.spread(values, segment)
    assert len(rows) == num_rows + padding
    assert torch.equal(routing.gather([rows], values), values)
    assert (routing.row_weights(weights, segment)[num_rows:] == 0).all()


def test_the_default_budget_holds_a_projection_of_mixtral_8x7b():
    assert expert_rows.TRANSIENT_BYTES >= 8 * 2 * 14336 * 4096 * 2
