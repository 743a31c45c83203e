"""Curves as SVG, for notebooks: without a library, so that they are there wherever innerloop is."""
from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 520, 260, 62, 130, 14, 42
_COLOURS = ("#0b6e99", "#c05621", "#2f855a", "#6b46c1")


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in a range."""
    raw = (high - low) / count
    power: float = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step) + 1)]


class Picture:
    """An SVG, which notebooks show."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_html_(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg


class Point(NamedTuple):
    """Of a curve: `half` is the half width of the interval around y."""

    x: float
    y: float
    half: float = 0.0


def curves_svg(curves: Mapping[str, Sequence[Point]], x_title: str) -> str:
    """Returns, each curve with its intervals and, where it ends, its name."""
    kept = {name: curve for name, curve in curves.items() if curve}
    points = [point for curve in kept.values() for point in curve]
    if not points:
        return "<p>no return is finite</p>"
    low, high = min(p.y - p.half for p in points), max(p.y + p.half for p in points)
    margin = 0.06 * (high - low) or 1.0
    low, high = low - margin, high + margin
    first, last = min(p.x for p in points), max(p.x for p in points)
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x(value: float) -> float:
        return _LEFT + (right - _LEFT) * ((value - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return _TOP + (bottom - _TOP) * (high - value) / (high - low)

    parts = []
    for tick in _ticks(low, high):
        parts.append(f'<line x1="{_LEFT}" x2="{right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>'
                     f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in [number for number in _ticks(first, last) if number == int(number)] if last > first else [first]:
        parts.append(f'<text x="{x(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{x_title}</text>'
                 f'<text x="14" y="{bottom / 2}" text-anchor="middle" transform="rotate(-90 14 {bottom / 2})">'
                 "mean return</text>")
    taken: list[float] = []  # by names
    for (name, curve), colour in zip(kept.items(), _COLOURS * len(kept)):
        line = " ".join(f"{x(p.x):.1f},{y(p.y):.1f}" for p in curve)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for p in curve if len(curve) <= 12 else []:
            parts.append(f'<line x1="{x(p.x):.1f}" x2="{x(p.x):.1f}" y1="{y(p.y - p.half):.1f}" '
                         f'y2="{y(p.y + p.half):.1f}" stroke="{colour}"/>'
                         f'<circle cx="{x(p.x):.1f}" cy="{y(p.y):.1f}" r="3" fill="{colour}"/>')
        at = y(curve[-1].y) + 4
        while any(abs(at - other) < 14 for other in taken):
            at += 14
        taken.append(at)
        parts.append(f'<text x="{right + 10}" y="{at:.1f}" fill="{colour}">{html.escape(name)}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" font-family="sans-serif" font-size="12" fill="#1f2d3a">'
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>')


def adaptation_svg(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Mean returns over gradient steps or episodes; each curve as evaluation.json has it."""
    axis = "step" if any("step" in row for curve in curves.values() for row in curve) else "episode"
    points = {name: [Point(row[axis], row["mean_return"], row["ci95"] or 0) for row in curve
                     if row["mean_return"] is not None] for name, curve in curves.items()}
    return curves_svg(points, "gradient steps" if axis == "step" else "episode of the trial")


def plot_training(metrics: Sequence[Mapping[str, Any]]) -> Picture:
    """The returns before and after adaptation, iteration by iteration: of `run.metrics`, or of reports' `metrics`.

    >>> picture = plot_training([{"iteration": 1, "returns": [-80.0, -70.0]}, {"iteration": 2, "returns": [-78.0, -60.0]}])
    >>> "before" in picture.svg and "after" in picture.svg
    True
    """
    curves = {name: [Point(line["iteration"], line["returns"][place]) for line in metrics
                     if line["returns"] and line["returns"][place] is not None]
              for name, place in (("before", 0), ("after", -1))}
    return Picture(curves_svg(curves, "iteration"))
