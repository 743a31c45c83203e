"""Draws adaptation curves as an SVG: mean return after 0, 1, … gradient steps, with 95 % confidence intervals.

    python3 bench/plot_curve.py runs/demo-1 runs/demo-2 --out docs/adaptation_curve.svg

Each run folder's evaluation.json gives one line; the baseline "random" of the first run is drawn beside them.
"""
import argparse
import json
import math
import pathlib

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, LEGEND = 460, 360, 64, 12, 30, 48, 170
COLOURS = ["#0b6e99", "#d1495b", "#3c7a3f", "#8d5fb0", "#c77d0a", "#555555", "#14a3a1", "#9c6644", "#b5318c"]


def curves(runs: list[pathlib.Path]) -> list[tuple[str, list[dict]]]:
    """(label, points) of each run, and of the first run's random initialisation."""
    found = []
    for run in runs:
        evaluation = json.loads((run / "evaluation.json").read_text())
        found.append((f"{evaluation['algorithm']}, seed {evaluation['seed']}", evaluation["curve"]))
        if run == runs[0]:
            found += [(f"{b['name']} initialisation", b["curve"]) for b in evaluation["baselines"]]
    return found


def tick_distance(span: float) -> float:
    """1, 2 or 5 times a power of ten: at most 10 ticks."""
    power = 10 ** math.floor(math.log10(span / 10))
    return next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 10)


def panel(title: str, lines: list[tuple[str, list[dict]]], left: int) -> list[str]:
    """The elements of one plot, `left` from the picture's border."""
    lines = [(name, [p for p in curve if p["mean_return"] is not None]) for name, curve in lines]  # null: not finite
    points = [p for _, curve in lines for p in curve]
    steps = max(p["step"] for p in points)
    bottom = min(p["mean_return"] - (p["ci95"] or 0) for p in points)
    top = max(p["mean_return"] + (p["ci95"] or 0) for p in points)
    tick = tick_distance(max(top - bottom, 1e-9))
    low, high = math.floor(bottom / tick), math.ceil(top / tick)  # in ticks

    def x(step: float) -> float:
        return left + LEFT + (WIDTH - LEFT - RIGHT) * step / max(steps, 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value / tick) / (high - low)

    out = [f'<text x="{x(steps / 2):.1f}" y="18" text-anchor="middle" font-weight="bold">{title}</text>'] if title else []
    for i in range(low, high + 1):
        at = y(i * tick)
        out.append(f'<path d="M{x(0):.1f} {at:.1f}H{x(steps):.1f}" stroke="#e3e3e3"/>'
                   f'<text x="{x(0) - 8:.1f}" y="{at + 4:.1f}" text-anchor="end">{i * tick:g}</text>')
    for step in range(steps + 1):
        out.append(f'<text x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{step}</text>')
    out.append(f'<text x="{x(steps / 2):.1f}" y="{HEIGHT - 8}" text-anchor="middle">gradient steps on the new task</text>')
    for i, (_, curve) in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        # Side by side, so that intervals of lines that meet can be told apart.
        shift = 2.5 * (i - (len(lines) - 1) / 2)
        path = " ".join(f"{x(p['step']) + shift:.1f},{y(p['mean_return']):.1f}" for p in curve)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for p in curve:
            at, ci = x(p["step"]) + shift, p["ci95"] or 0
            out.append(f'<path d="M{at:.1f} {y(p["mean_return"] + ci):.1f}V{y(p["mean_return"] - ci):.1f}" '
                       f'stroke="{colour}" stroke-width="1.5"/>'
                       f'<circle cx="{at:.1f}" cy="{y(p["mean_return"]):.1f}" r="2.5" fill="{colour}"/>')
    return out


def draw(panels: list[tuple[str, list[tuple[str, list[dict]]]]]) -> str:
    """The SVG's text: (title, lines) side by side, whose lines are those of the first one's legend."""
    width = WIDTH * len(panels) + LEGEND
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif" '
           'font-size="13">', f'<rect width="{width}" height="{HEIGHT}" fill="white"/>',
           f'<text x="16" y="{HEIGHT / 2 - 12}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2 - 12})">'
           'mean return</text>']
    for i, (title, lines) in enumerate(panels):
        out += panel(title, lines, WIDTH * i)
    for i, (label, _) in enumerate(panels[0][1]):
        at = TOP + 16 + 20 * i
        out.append(f'<path d="M{width - LEGEND + 8} {at - 4}h18" stroke="{COLOURS[i % len(COLOURS)]}" stroke-width="2"/>'
                   f'<text x="{width - LEGEND + 32}" y="{at}">{label}</text>')
    return "\n".join(out + ["</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=pathlib.Path, help="run folders with an evaluation.json")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the SVG to write")
    options = parser.parse_args()
    options.out.write_text(draw([("", curves(options.runs))]), encoding="utf-8")


if __name__ == "__main__":
    main()
