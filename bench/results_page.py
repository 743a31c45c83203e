#!/usr/bin/env python3
"""Writes the tables and the plot of docs/results.md from the folders of its sweeps.

    for file in sweeps/results/*.json; do innerloop sweep --resume $file; done
    python3 bench/time_to_adapt.py sweeps/ways
    mkdir -p sweeps/hand_written
    for config in rl2_bandit_10_5 rl2_bandit_100_5 rl2_bandit_100_50; do
      innerloop evaluate configs/$config.json --json sweeps/hand_written/$config.json --baseline random --baseline thompson \\
        --baseline ucb1 --baseline epsilon_greedy --baseline greedy --baseline gittins --baseline oracle
    done
    innerloop evaluate configs/rl2_mdp_10.json --json sweeps/hand_written/rl2_mdp_10.json --baseline random --baseline psrl \\
      --baseline opsrl --baseline oracle
    for plant in "cstr constant pi_nominal pi" "four_tank hold pi pi_crossed" "dc_drive zero cascade cascade_known" \\
        "distillation none blt pi"; do
      set -- $plant
      innerloop evaluate configs/rl2_$1.json --json sweeps/hand_written/rl2_$1.json --baseline random --baseline $2 \\
        --baseline $3 ${4:+--baseline $4}
    done
    for family in "tool_calls random explore_then_plan thompson oracle" "maze_navigation random explorer oracle"; do
      set -- $family
      innerloop evaluate configs/rl2_$1.json --json sweeps/hand_written/rl2_$1.json --baseline $2 --baseline $3 \\
        --baseline $4 ${5:+--baseline $5}
    done
    python3 bench/results_page.py [--sweeps sweeps] [--page docs/results.md] [--svg docs/adaptation.svg]

A table stands between `<!-- NAME -->` and `<!-- end -->`, and is of the folder NAME among the sweeps. One whose sweep is not
trained to its end stays as it is, which is told.
"""
import argparse
import json
import math
import re
import statistics
from pathlib import Path

from plot_curve import draw

ROOT = Path(__file__).resolve().parent.parent
# What Student's t is within in 95 % of cases, by degrees of freedom from 1.
T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
TITLES = {"point_navigation": "2D navigation", "pendulum": "pendulum", "cartpole": "cart-pole"}
NAMES = {"maml": "MAML", "fomaml": "FOMAML", "emaml": "E-MAML", "promp": "ProMP", "meta_sgd": "Meta-SGD", "cavia": "CAVIA",
         "reptile": "Reptile"}
# Rows of others' results, which end a table, and what Duan et al. 2016 publish of RL² and of hand-written learners.
PUBLISHED_ROWS = {"navigation": ["| published MAML with TRPO (Finn et al. 2017, 40 tasks) | −40.41 | −11.68 | −3.33 | −3.23 |"]}
PUBLISHED_RL2 = {"rl2_bandit_10_5": "6.7", "rl2_bandit_100_5": "78.7", "rl2_bandit_100_50": "84.9", "rl2_mdp_10": "156.2"}
PUBLISHED = {"random": ["5.0", "49.9", "49.8"], "thompson": ["5.7", "74.7", "64.5"], "ucb1": ["6.7", "78.0", "84.3"],
             "epsilon_greedy": ["6.6", "75.4", "78.3"], "greedy": ["6.6", "74.8", "78.0"], "gittins": ["6.6", "78.3", "85.2"]}
PUBLISHED_MDP = {"random": "100.1", "psrl": "138.1", "opsrl": "144.1"}
KNOWS = {"oracle": " (knows the task)", "cascade_known": " (knows the motor)"}


def number(value, digits):
    return f"{value:.{digits}f}".replace("-", "−")


def measured(point, what, otherwise=math.nan):
    """A number of a curve's point; `otherwise` where it is not finite, which is null in the file."""
    return otherwise if point[what] is None else point[what]


def cell(value, half, digits):
    return number(value, digits) + (f" ± {half:.{digits}f}" if half is not None else "")


def curve_cells(points, digits):
    return [cell(measured(point, "mean_return"), point["ci95"], digits) for point in points]


def trial_cell(evaluation):
    return cell(evaluation["trial_return"]["mean"], evaluation["trial_return"]["ci95"], 2)


def row(cells):
    return "| " + " | ".join(cells) + " |"


def head(cells):
    return [row(cells), "|---" * len(cells) + "|"]


def counted(number_, what):
    return f"{number_} {what}" + ("" if number_ == 1 else "s")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


class Point:
    """A point of a sweep: its name on the page, and what its runs have reached."""

    def __init__(self, folder, listed, first_set, result):
        self.config = Path(listed["config"]).stem if listed["config"] != "config" else folder.name
        others = [f"`{path}` {value}" for path, value in listed["set"].items() if first_set.get(path) != value]
        self.name = f"`{self.config}`" + (" with " + ", ".join(others) if others else "")
        self.group, self.runs = result["group"], result["runs"]
        self.folders = [folder / "runs" / f"{listed['point']:04d}-s{run['seed']}" for run in self.runs]
        self.evaluations = [read(run / "evaluation.json") for run in self.folders]


def points_of(folder):
    """Those of a sweep; none where it is not trained to its end."""
    if not (folder / "results.json").exists():
        return []
    listed = [json.loads(line) for line in (folder / "points.jsonl").read_text(encoding="utf-8").splitlines()]
    results = {point["point"]: point for point in read(folder / "results.json")["points"] if point["complete"]}
    if len(results) < len(listed):
        return []
    first = {}
    for point in listed:
        first.setdefault(point["config"], point["set"])
    return [Point(folder, point, first[point["config"]], results[point["point"]]) for point in listed]


def rows_of(points, cells_of, means_of):
    """A row for each run of each point, one for the mean of a point's runs, and behind a group of points one for the random
    initialisation of its first. `cells_of` makes the cells of an evaluation (and of its run, where there is one)."""
    lines = []
    for point in points:
        lines += [row([f"{point.name}, seed {run['seed']}", *cells_of(evaluation, run, point)])
                  for run, evaluation in zip(point.runs, point.evaluations)]
        if len(point.runs) > 1:
            lines.append(row([f"{point.name}, mean", *means_of(point.evaluations)]))
        its_group = [other for other in points if other.group == point.group]
        if point is its_group[-1]:
            lines.append(row(["random initialisation", *cells_of(its_group[0].evaluations[0]["baselines"][0], None, point)]))
    return lines


def padded(cells, count):
    return cells + [""] * (count - len(cells))


def bold(values):
    return [f"**{number(value, 2)}**" for value in values]


def mean_curve(evaluations):
    return [statistics.fmean(measured(point, "mean_return") for point in points)
            for points in zip(*(evaluation["curve"] for evaluation in evaluations))]


def mean_trial(evaluations):
    return statistics.fmean(evaluation["trial_return"]["mean"] for evaluation in evaluations)


def steps_table(points):
    """Of policies that take gradient steps."""
    steps = max(len(point.evaluations[0]["curve"]) for point in points)
    return head(["run", *(counted(step, "step") for step in range(steps))]) + rows_of(
        points, lambda evaluation, *_: padded(curve_cells(evaluation["curve"], 2), steps),
        lambda evaluations: padded(bold(mean_curve(evaluations)), steps))


def episodes_table(points):
    """Of policies with a memory, episode by episode."""
    episodes = max(len(point.evaluations[0]["curve"]) for point in points)
    return head(["run", *(f"episode {i + 1}" for i in range(episodes)), "trial"]) + rows_of(
        points, lambda evaluation, *_: [*padded(curve_cells(evaluation["curve"], 2), episodes), trial_cell(evaluation)],
        lambda evaluations: [*padded(bold(mean_curve(evaluations)), episodes), *bold([mean_trial(evaluations)])])


def trials_table(points):
    """Of policies with a memory, whole trials alone."""
    return head(["run", "trial return", "env steps", "published RL²"]) + rows_of(
        points, lambda evaluation, run, point: [trial_cell(evaluation), f"{run['env_steps'] / 1e6:.1f} M" if run else "",
                                                PUBLISHED_RL2.get(point.config, "") if run else ""],
        lambda evaluations: [*bold([mean_trial(evaluations)]), "", ""])


def seeds_cell(curves, place, digits=1):
    """An episode's mean return in each run."""
    return " / ".join(number(measured(curve[place], "mean_return"), digits) for curve in curves)


def by_hand(folder, config):
    """What random actions, the best of the hand-written learners and one who knows the task get in an episode, "–" where there
    is none; and in how many of its steps the best one is beyond a limit of the plant."""
    path = folder / f"{config}.json"
    learners = learners_of(read(path)) if path.exists() else {}
    means = {name: statistics.fmean(measured(point, "mean_return") for point in report["curve"])
             for name, report in learners.items()}
    random = number(means.pop("random"), 1) if "random" in means else "–"
    known = next((number(means.pop(name), 1) for name in KNOWS if name in means), "–")
    best = max(means, key=means.get, default=None)
    return random, f"{number(means[best], 1)} (`{best}`)" if best else "–", known, limits_cell([learners.get(best, {})])


def limits_cell(evaluations):
    """In how many of the last episode's steps each is beyond a limit of the plant."""
    return " / ".join(f"{100 * evaluation['beyond_limits'][-1]:.1f} %" for evaluation in evaluations
                      if "beyond_limits" in evaluation)


def scenarios_table(points):
    """A row for each family: agents without and with a memory, each of its seeds, beside what is written by hand."""
    lines = head(["config", "random actions", "best by hand", "PPO, no memory", "RL², first episode", "RL², last episode",
                  "knows the task", "beyond a limit: by hand; RL²", "steps of each, M", "s a run"])
    for config in dict.fromkeys(point.config for point in points):
        memory, without = [point for point in points if point.config == config]
        random, best, known, limits = by_hand(ROOT / "sweeps/hand_written", config)
        curves = [evaluation["curve"] for evaluation in memory.evaluations]
        runs = [memory.runs, without.runs]
        steps, seconds = ([statistics.fmean(run[what] for run in of) for of in runs] for what in ("env_steps", "seconds"))
        lines.append(row([f"`{config}`", random, best, seeds_cell([e["curve"] for e in without.evaluations], 0),
                          seeds_cell(curves, 0), seeds_cell(curves, -1), known,
                          f"{limits}; {limits_cell(memory.evaluations)}" if limits else "",
                          ", ".join(f"{number_ / 1e6:.1f}" for number_ in steps),
                          ", ".join(f"{number_:.0f}" for number_ in seconds)]))
    return lines


def trials_by_hand(folder, config):
    """What random actions, the best of the hand-written learners and one who knows the task get in a trial."""
    path = folder / f"{config}.json"
    learners = learners_of(read(path)) if path.exists() else {}
    random, known = (next((learners.pop(name) for name in names if name in learners), None) for names in (["random"], KNOWS))
    best = max(learners, key=lambda name: learners[name]["trial_return"]["mean"], default=None)
    return [trial_cell(random) if random else "", f"{trial_cell(learners[best])} (`{best}`)" if best else "–",
            trial_cell(known) if known else "–"]


def against_hands_table(points):
    """A row for each family: the trials of agents with a memory, each of its seeds, beside what is written by hand. Random is a
    policy before it is trained where there are no random actions among the latter."""
    lines = head(["config", "random", "best by hand", "RL²", "knows the task", "RL² by episode", "steps, M", "s a run"])
    for point in points:
        random, best, known = trials_by_hand(ROOT / "sweeps/hand_written", point.config)
        curves = [evaluation["curve"] for evaluation in point.evaluations]
        episodes = dict.fromkeys([0, 1, len(curves[0]) - 1])
        steps, seconds = (statistics.fmean(run[what] for run in point.runs) for what in ("env_steps", "seconds"))
        lines.append(row([f"`{point.config}`", random or trial_cell(point.evaluations[0]["baselines"][0]), best,
                          " / ".join(map(trial_cell, point.evaluations)), known,
                          "; ".join(f"{place + 1}: {seeds_cell(curves, place, 2)}" for place in episodes),
                          f"{steps / 1e6:.0f}", f"{seconds:.0f}"]))
    return lines


def adapted_numbers(run, config):
    """How many numbers inner steps adapt: the tokens, a context, or all parameters."""
    algorithm, policy = config["algorithm"], config["policy"]
    if algorithm["name"] == "prompt_tuning":
        return policy["tokens"] * policy["hidden"]
    return algorithm["context_size"] if algorithm["name"] == "cavia" else parameters_of(run)


def tokens_table(points):
    """Of policies that take gradient steps, each seed, with how many numbers these adapt and what it took to learn that."""
    steps = max(len(point.evaluations[0]["curve"]) for point in points)
    lines = head(["run", *(counted(step, "step") for step in range(steps)), "numbers adapted", "trained on, M steps", "in s"])
    for point in points:
        for run, folder, evaluation in zip(point.runs, point.folders, point.evaluations):
            lines.append(row([f"{point.name}, seed {run['seed']}", *padded(curve_cells(evaluation["curve"], 2), steps),
                              f"{adapted_numbers(folder, read(folder / 'config.json')):,}", f"{run['env_steps'] / 1e6:.0f}",
                              f"{run['seconds']:.0f}"]))
    return lines


WAYS = {"maml": "gradient: MAML", "cavia": "gradient: CAVIA", "gru": "memory: GRU", "transformer": "memory: transformer",
        "varibad": "context: VariBAD", "pearl": "context: PEARL"}


def numbers_of_a_task(run, way, config):
    """How many numbers of a task an agent keeps: parameters, a context, a memory's state, or a belief."""
    algorithm, policy = config["algorithm"], config["policy"]
    if way == "maml":
        return parameters_of(run)
    if way == "cavia":
        return algorithm["context_size"]
    if way == "pearl":
        return 2 * algorithm["latent"]
    if way == "varibad":
        return policy["encoder"] + 2 * policy["latent"]
    return policy["hidden"] * (2 * policy["layers"] * algorithm["trial_length"] if way == "transformer" else 1)


def parameters_of(run):
    """How many a run has learned, by the head of its newest checkpoint (a safetensors file)."""
    newest = max((run / "checkpoints").iterdir(), key=lambda path: int(path.stem)).read_bytes()
    head_size = int.from_bytes(newest[:8], "little")
    return json.loads(newest[8:8 + head_size])["params"]["shape"][0]


def ways_table(points):
    """A row for each family and way to learn a task: what it reaches of how much, and what a new task takes."""
    milliseconds = read(points[0].folders[0].parent.parent / "time_to_adapt.json")
    lines = head(["family", "way", "before, or first episode", "after one step, or the second one", "last", "env steps to learn it",
                  "numbers of a task", "ms a task", "trained on, M steps", "in s"])
    for point in points:
        run, folder, curve = point.runs[0], point.folders[0], point.evaluations[0]["curve"]
        config = read(folder / "config.json")
        way = config["policy" if config["algorithm"]["name"] == "rl2" else "algorithm"]["name"]
        episodes = 1 if "step" in curve[0] else len(curve)
        experience = config["horizon"] * (config["evaluation"]["envs_per_task"] if episodes == 1 else 1)
        cells = [cell(measured(curve[place], "mean_return"), curve[place]["ci95"], 2) for place in (0, 1, len(curve) - 1)]
        lines.append(row([config["environment"]["name"], WAYS[way], *cells,
                          " / ".join(str(experience * steps) for steps in dict.fromkeys([1, len(curve) - 1])),
                          f"{numbers_of_a_task(folder, way, config):,}", f"{milliseconds[folder.name]:.2f}",
                          f"{run['env_steps'] / 1e6:.1f}", f"{run['seconds']:.0f}"]))
    return lines


def learners_of(report):
    """The hand-written learners of an evaluation of them alone, by name."""
    return {report["algorithm"]: report, **{baseline["name"]: baseline for baseline in report["baselines"]}}


def bandits_table(folder):
    reports = [learners_of(read(folder / f"{name}.json"))
               for name in ("rl2_bandit_10_5", "rl2_bandit_100_5", "rl2_bandit_100_50")]
    lines = head(["`--baseline`", "10 pulls, 5 arms", "100 pulls, 5 arms", "100 pulls, 50 arms"])
    for name in reports[0]:
        published = [f" ({value})" for value in PUBLISHED.get(name, [])] or [""] * len(reports)
        lines.append(row([f"`{name}`{KNOWS.get(name, '')}",
                          *(trial_cell(report[name]) + its for report, its in zip(reports, published))]))
    return lines


def processes_table(folder):
    lines = head(["`--baseline`", "trial return", "published", "first episode", "last episode"])
    for name, report in learners_of(read(folder / "rl2_mdp_10.json")).items():
        ends = [number(report["curve"][place]["mean_return"], 2) for place in (0, -1)]
        lines.append(row([f"`{name}`{KNOWS.get(name, '')}", trial_cell(report), PUBLISHED_MDP.get(name, ""), *ends]))
    return lines


def curve_over(curves):
    """The mean over runs after each step, with Student's interval over the runs."""
    points = []
    for of_runs in zip(*curves):
        means = [measured(point, "mean_return") for point in of_runs]
        half = None
        if len(means) > 1:
            half = T_95[min(len(means), len(T_95) + 1) - 2] * statistics.stdev(means) / math.sqrt(len(means))
        points.append({"step": of_runs[0]["step"], "mean_return": statistics.mean(means), "ci95": half})
    return points


def methods_of(folder, results, group):
    """(name, inner lr, points of the curve, iqm, seconds a run) of each point of the group, and of the random initialisation."""
    rows = []
    for point in results["points"]:
        if point["group"] != group:
            continue
        runs = [folder / "runs" / f"{point['point']:04d}-s{run['seed']}" for run in point["runs"]]
        evaluations = [read(run / "evaluation.json") for run in runs]
        config = read(runs[0] / "config.json")
        if not rows:
            random = [evaluation["baselines"][0]["curve"] for evaluation in evaluations]
            rows.append(("random initialisation", evaluations[0]["inner_lr"][0], curve_over(random), None, None))
        name = config["algorithm"]["name"]
        rows.append((NAMES.get(name, name), evaluations[0]["inner_lr"][0], curve_over([e["curve"] for e in evaluations]),
                     (point["iqm"], point["iqm_interval"]), statistics.mean(run["seconds"] for run in point["runs"])))
    return rows


def methods_table(title, rows):
    digits = 1 if abs(rows[0][2][0]["mean_return"]) < 100 else 0
    yield from ("", f"**{title}**", "")
    yield from head(["method", "inner lr", *(counted(point["step"], "step") for point in rows[0][2]),
                     "interquartile mean after 1 step", "s a seed"])
    for name, size, points, iqm, seconds in rows:
        middle = ""
        if iqm is not None:
            middle = number(iqm[0], digits) + (f" [{number(iqm[1][0], digits)}, {number(iqm[1][1], digits)}]" if iqm[1] else "")
        yield row([name, f"{size:g}", *curve_cells(points, digits), middle, f"{seconds:.0f}" if seconds is not None else ""])


def adaptation_tables(folder, svg):
    """A table for each family: mean over the seeds ± the half width of Student's interval over them, and the interquartile
    mean over runs × tasks after one step with its bootstrap interval. The first row is the random initialisation that the
    runs of the first method started from. Draws them all, too."""
    results = read(folder / "results.json")
    lines, panels = [], []
    for group in dict.fromkeys(point["group"] for point in results["points"]):
        rows = methods_of(folder, results, group)
        lines += methods_table(TITLES.get(group, group), rows)
        panels.append((TITLES.get(group, group), [(name, points) for name, _, points, _, _ in rows]))
    svg.write_text(draw(panels), encoding="utf-8")
    return lines[1:]


TABLES = {"navigation": steps_table, "sparse_corners": steps_table, "bandit": steps_table, "families": steps_table,
          "ppo": steps_table, "scenarios": scenarios_table, "robots": against_hands_table, "games": against_hands_table,
          "ways": ways_table, "tokens": tokens_table,
          "memories": trials_table, "looking_back": trials_table, "memories_episodes": episodes_table}
HAND_WRITTEN = {"hand_written_bandits": bandits_table, "hand_written_processes": processes_table}


def table(name, arguments):
    """The lines of a table; None where what it is of is not there."""
    if name in HAND_WRITTEN:
        return HAND_WRITTEN[name](arguments.sweeps / "hand_written")
    folder = arguments.sweeps / name
    points = points_of(folder)
    if name == "adaptation":
        return adaptation_tables(folder, arguments.svg) if points else None
    if name not in TABLES:
        raise SystemExit(f"results_page: {arguments.page}: wanted the name of a table, one of "
                         f"{', '.join(['adaptation', *TABLES, *HAND_WRITTEN])}, found <!-- {name} -->")
    return TABLES[name](points) + PUBLISHED_ROWS.get(name, []) if points else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=Path, default=ROOT / "sweeps", help="where the sweeps' folders are")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/results.md")
    parser.add_argument("--svg", type=Path, default=ROOT / "docs/adaptation.svg")
    arguments = parser.parse_args()

    def written(match):
        try:
            lines = table(match[1], arguments)
        except FileNotFoundError:
            lines = None
        if lines is None:
            print(f"results_page: the table <!-- {match[1]} --> stays as it was: what it is of is not there, or not to its end")
        return match[0] if lines is None else f"<!-- {match[1]} -->\n" + "\n".join(lines) + "\n<!-- end -->"

    page = arguments.page.read_text(encoding="utf-8")
    page, count = re.subn(r"<!-- (\w+) -->\n.*?<!-- end -->", written, page, flags=re.DOTALL)
    if count == 0:
        raise SystemExit(f"results_page: wanted <!-- NAME --> and <!-- end --> in {arguments.page}, found none")
    arguments.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
