"""A trained policy as a graph of ONNX."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from innerloop._errors import InputError
from innerloop.numpy_policy import forward


class _Graph:
    """Nodes, and the constants that they read. Also the functions that `forward` needs."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, array: Any) -> _Value:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return _Value(self, name)

    def node(self, kind: str, *inputs: _Value, **attributes: Any) -> _Value:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [value.name for value in inputs], [name], **attributes))
        return _Value(self, name)

    def tanh(self, x: _Value) -> _Value:
        return self.node("Tanh", x)

    def sqrt(self, x: _Value) -> _Value:
        return self.node("Sqrt", x)

    def relu(self, x: _Value) -> _Value:
        return self.node("Relu", x)

    def sigmoid(self, x: _Value) -> _Value:
        return self.node("Sigmoid", x)

    def concatenate(self, parts: Sequence[_Value]) -> _Value:
        return self.node("Concat", *parts, axis=1)


class _Value:
    """A name in the graph, with the operators that make nodes."""

    def __init__(self, graph: _Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def __matmul__(self, other: _Value) -> _Value:
        return self.graph.node("MatMul", self, other)

    def __add__(self, other: _Value) -> _Value:
        return self.graph.node("Add", self, other)

    def __sub__(self, other: _Value) -> _Value:
        return self.graph.node("Sub", self, other)

    def __mul__(self, other: _Value) -> _Value:
        return self.graph.node("Mul", self, other)

    def __truediv__(self, other: _Value) -> _Value:
        return self.graph.node("Div", self, other)

    def __getitem__(self, place: tuple[slice, slice]) -> _Value:
        """Columns."""
        columns = place[1]
        ends = [np.array([number], np.int64) for number in
                (columns.start or 0, np.iinfo(np.int64).max if columns.stop is None else columns.stop, 1)]
        return self.graph.node("Slice", self, *(self.graph.constant(end) for end in (ends[0], ends[1], ends[2])))


def write(path: str | os.PathLike[str], about: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """Writes the policy's network as an ONNX file."""
    if about["kind"] == "transformer":
        raise InputError("to_onnx: wanted a policy \"mlp\", \"gru\" or \"lstm\", found \"transformer\" (to_torch has it)")
    graph = _Graph()
    values = {name: graph.constant(array) for name, array in weights.items() if name != "log_std"}
    memory_size = {"mlp": 0, "gru": 1, "lstm": 2}[about["kind"]] * about["units"]
    sizes = {"observations": about["inputs"]} | ({"memory": memory_size} if memory_size else {})
    inputs = {name: _Value(graph, name) for name in sizes}
    outputs, memory = forward(graph, values, about, inputs["observations"], inputs.get("memory"))
    results = {"outputs": (outputs, about["actions"])} | ({"new_memory": (memory, memory_size)} if memory_size else {})
    for name, (value, _) in results.items():
        graph.nodes.append(helper.make_node("Identity", [value.name], [name]))

    def described(name: str, size: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])

    model = helper.make_model(
        helper.make_graph(graph.nodes, "policy", [described(name, size) for name, size in sizes.items()],
                          [described(name, size) for name, (_, size) in results.items()], graph.constants),
        opset_imports=[helper.make_opsetid("", 17)], producer_name="innerloop", ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, os.fspath(path))
