"""Curves as SVG, for notebooks: without a library, so that they are there wherever innerloop is."""
from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 520, 260, 62, 130, 14, 42
_COLOURS = ("#0b6e99", "#c05621", "#2f855a", "#6b46c1")


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers in a range."""
    raw = (high - low) / count
    power: float = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step) + 1)]


def adaptation_svg(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Mean returns over gradient steps or episodes, with their intervals; each curve as evaluation.json has it."""
    kept = {name: [row for row in rows if row["mean_return"] is not None] for name, rows in curves.items()}
    rows = [row for curve in kept.values() for row in curve]
    if not rows:
        return "<p>no return is finite</p>"
    axis = "step" if "step" in rows[0] else "episode"
    low: float = min(row["mean_return"] - (row["ci95"] or 0) for row in rows)
    high: float = max(row["mean_return"] + (row["ci95"] or 0) for row in rows)
    margin = 0.06 * (high - low) or 1.0
    low, high = low - margin, high + margin
    first: int = min(row[axis] for row in rows)
    last: int = max(row[axis] for row in rows)

    def x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * ((value - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - value) / (high - low)

    parts = []
    for tick in _ticks(low, high):
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>'
                     f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for number in range(first, last + 1, max(1, (last - first) // 8)):
        parts.append(f'<text x="{x(number):.1f}" y="{_HEIGHT - 24}" text-anchor="middle">{number}</text>')
    title = "gradient steps" if axis == "step" else "episode of the trial"
    parts.append(f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{title}</text>'
                 f'<text x="14" y="{(_HEIGHT - _BOTTOM) / 2}" text-anchor="middle" '
                 f'transform="rotate(-90 14 {(_HEIGHT - _BOTTOM) / 2})">mean return</text>')
    for (name, curve), colour in zip(kept.items(), _COLOURS * len(kept)):
        if not curve:
            continue
        points = " ".join(f"{x(row[axis]):.1f},{y(row['mean_return']):.1f}" for row in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for row in curve:
            centre, half = x(row[axis]), row["ci95"] or 0
            parts.append(f'<line x1="{centre:.1f}" x2="{centre:.1f}" y1="{y(row["mean_return"] - half):.1f}" '
                         f'y2="{y(row["mean_return"] + half):.1f}" stroke="{colour}"/>'
                         f'<circle cx="{centre:.1f}" cy="{y(row["mean_return"]):.1f}" r="3" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 10}" y="{y(curve[-1]["mean_return"]) + 4:.1f}" fill="{colour}">'
                     f"{html.escape(name)}</text>")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" font-family="sans-serif" font-size="12" fill="#1f2d3a">'
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>')
