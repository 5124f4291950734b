from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.linear import Matrix, best_precision, join, quantize


def test_a_row_is_within_half_a_step() -> None:
    torch.manual_seed(1)
    x = torch.randn(5, 64) * torch.tensor([[1e-3], [1.0], [50.0], [1e4], [0.0]])
    quantized, scale = quantize(x)
    assert quantized.abs().max() <= 127
    assert torch.all((quantized * scale - x).abs() <= scale / 2 * 1.001)


def test_int8_is_near_the_product() -> None:
    torch.manual_seed(1)
    weight, x = torch.randn(96, 64), torch.randn(3, 7, 64)
    exact = x @ weight.t()
    found = Matrix.of(weight, "int8").times(x)
    assert found.shape == exact.shape
    assert (found - exact).norm() / exact.norm() < 0.01


@given(st.integers(1, 9), st.integers(0, 10_000))
def test_int8_rows_do_not_depend_on_each_other(n: int, seed: int) -> None:
    """Bit for bit."""
    generator = torch.Generator().manual_seed(seed)
    matrix = Matrix.of(torch.randn(40, 32, generator=generator), "int8")
    x = torch.randn(n, 32, generator=generator) * 10
    together = matrix.times(x)
    assert all(torch.equal(matrix.times(x[[row]])[0], together[row]) for row in range(n))


def test_rows_of_a_matrix() -> None:
    torch.manual_seed(1)
    weight, ids = torch.randn(20, 8), torch.tensor([[3, 3], [19, 0]])
    for precision, error in (("fp32", 0.0), ("bf16", 0.02), ("int8", 0.02)):
        rows = Matrix.of(weight, precision).rows(ids, torch.float32)  # type: ignore[arg-type]
        assert (rows - weight[ids]).abs().max() <= error


def test_layers_with_the_same_input_are_one() -> None:
    torch.manual_seed(1)
    q, k = torch.randn(6, 4), torch.randn(2, 4)
    layer = join(0, ["q", "k"], [q, k], [torch.ones(6), torch.zeros(2)], "fp32", torch.float32)
    x = torch.randn(1, 3, 4)
    torch.testing.assert_close(layer.times(x), torch.cat((x @ q.t() + 1, x @ k.t()), dim=-1))
    assert (layer.sizes, layer.n_in) == ((6, 2), 4)


def test_a_gpu_gets_bf16() -> None:
    assert best_precision(torch.device("cuda")) == "bf16"
