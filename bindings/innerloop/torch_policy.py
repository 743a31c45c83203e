"""A trained policy as a module of torch."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from innerloop.numpy_policy import forward


class _Maths:
    tanh, sqrt, relu, sigmoid = torch.tanh, torch.sqrt, torch.relu, torch.sigmoid

    @staticmethod
    def concatenate(parts: Sequence[Any]) -> Any:
        return torch.cat(list(parts), dim=-1)

    @staticmethod
    def numbers(mask: Any) -> Any:
        return mask.float()

    @staticmethod
    def softmax(x: Any) -> Any:
        return torch.softmax(x, dim=1)


class TorchPolicy(torch.nn.Module):
    """The network: observations [n, numbers], of a memory its inputs and its `memory` [n, numbers], to the head's outputs;
    with a memory (outputs, memory). `log_std` is a parameter beside it, where actions are real numbers."""

    def __init__(self, about: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
        super().__init__()
        self.about = dict(about)
        for name, array in weights.items():
            self.register_parameter(name.replace(".", "_"), torch.nn.Parameter(torch.tensor(array)))
        self._names = list(weights)

    def forward(self, inputs: Any, memory: Any = None) -> Any:
        weights = {name: getattr(self, name.replace(".", "_")) for name in self._names}
        outputs, after = forward(_Maths, weights, self.about, inputs, memory)
        return outputs if self.about["kind"] == "mlp" else (outputs, after)
