"""Draws adaptation curves as an SVG: mean return after 0, 1, … gradient steps, with 95 % confidence intervals.

    python3 bench/plot_curve.py runs/demo-1 runs/demo-2 --out docs/adaptation_curve.svg

Each run folder's evaluation.json gives one line; the baseline "random" of the first run is drawn beside them.
"""
import argparse
import json
import pathlib

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 64, 190, 24, 48
COLOURS = ["#0b6e99", "#d1495b", "#3c7a3f", "#8d5fb0", "#c77d0a", "#555555"]


def curves(runs: list[pathlib.Path]) -> list[tuple[str, list[dict]]]:
    """(label, points) of each run, and of the first run's random initialisation."""
    found = []
    for run in runs:
        evaluation = json.loads((run / "evaluation.json").read_text())
        found.append((f"{evaluation['algorithm']}, seed {evaluation['seed']}", evaluation["curve"]))
        if run == runs[0]:
            found += [(f"{b['name']} initialisation", b["curve"]) for b in evaluation["baselines"]]
    return found


def draw(lines: list[tuple[str, list[dict]]]) -> str:
    """The SVG's text."""
    points = [p for _, curve in lines for p in curve]
    steps = max(p["step"] for p in points)
    low = 10 * (min(p["mean_return"] - p["ci95"] for p in points) // 10)
    high = max(0, max(p["mean_return"] + p["ci95"] for p in points))

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / max(steps, 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
           'font-size="13">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    value = low
    while value <= high:
        out.append(f'<path d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}" stroke="#e3e3e3"/>'
                   f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
        value += 10
    for step in range(steps + 1):
        out.append(f'<text x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{step}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">gradient steps on the '
               'new task</text>')
    out.append(f'<text x="16" y="{HEIGHT / 2 - 12}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2 - 12})">'
               'mean return</text>')
    for i, (label, curve) in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        path = " ".join(f"{x(p['step']):.1f},{y(p['mean_return']):.1f}" for p in curve)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for p in curve:
            top, bottom = y(p["mean_return"] + p["ci95"]), y(p["mean_return"] - p["ci95"])
            out.append(f'<path d="M{x(p["step"]):.1f} {top:.1f}V{bottom:.1f}" stroke="{colour}" stroke-width="1.5"/>'
                       f'<circle cx="{x(p["step"]):.1f}" cy="{y(p["mean_return"]):.1f}" r="3" fill="{colour}"/>')
        at = TOP + 16 + 20 * i
        out.append(f'<path d="M{WIDTH - RIGHT + 14} {at - 4}h18" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{WIDTH - RIGHT + 38}" y="{at}">{label}</text>')
    return "\n".join(out + ["</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=pathlib.Path, help="run folders with an evaluation.json")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the SVG to write")
    options = parser.parse_args()
    options.out.write_text(draw(curves(options.runs)), encoding="utf-8")


if __name__ == "__main__":
    main()
