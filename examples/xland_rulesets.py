"""The rulesets of XLand-MiniGrid's benchmarks, as a file of tasks of innerloop's family xland.

    python3 examples/xland_rulesets.py trivial rulesets.json [--rulesets 21410] [--held-out 1410] [--seed 42]

Nothing else is needed: no JAX, no download. The benchmarks trivial-21k, small-1m, medium-1m and medium-3m were made from
Python's random numbers with seed 42, and what is drawn here, in the same order, is the same. A ruleset that came before is
left out, so that each is there once, as in the benchmarks; --repeats keeps them, as the published script does (of the first
1,000 of trivial, a quarter are such).

The file goes with `"environment": {"name": "xland", "benchmark": "trivial"}` and `"tasks": {"file": "rulesets.json"}`.
Where in the list `random.choice` finds a tile depends on CPython's order of sets; this was the published one's in 3.11.
"""
import argparse
import json
import random
from dataclasses import dataclass

BALL, SQUARE, PYRAMID, GOAL, KEY, HEX, STAR = 3, 4, 5, 6, 7, 11, 12
FLOOR = (1, 7)
COLOURS = [1, 2, 3, 4, 5, 6, 9, 10, 11, 8]  # red, green, blue, purple, yellow, grey, white, brown, pink, orange
CARRIED = [(shape, colour) for shape in (BALL, SQUARE, PYRAMID, KEY, STAR, HEX) for colour in COLOURS]
THINGS = CARRIED + [(GOAL, colour) for colour in COLOURS]
# Kinds in the order in which they are numbered when one is drawn: hold, near the agent (anywhere, up, down, left, right), near
# another thing (likewise). What they are called in a ruleset.
GOALS = [1, 3, 11, 13, 14, 12, 4, 7, 9, 10, 8]
RULES = [1, 2, 8, 10, 11, 9, 3, 4, 6, 7, 5]


@dataclass
class Benchmark:
    """How rulesets are drawn, and how many rules and things one has at most (as envs/xland.h knows them)."""
    depth: int
    pruned: float
    more_rules: int
    more_things: int
    rules: int
    things: int


BENCHMARKS = {"trivial": Benchmark(0, 0, 0, 3, 0, 5),
              "small": Benchmark(1, 0.3, 2, 2, 4, 10),
              "medium": Benchmark(2, 0.1, 3, 2, 9, 16)}


def without(tiles, used):
    return list(set(tiles) - set(used))


def draw_goal():
    kind = random.randint(0, 10)
    if kind == 0:
        return GOALS[kind], [random.choice(CARRIED)]
    tiles = [random.choice(THINGS)]
    return GOALS[kind], tiles + ([random.choice(CARRIED)] if kind > 5 else [])


def draw_rule(product, used):
    kind = random.randint(0, 10)
    if kind <= 5:
        tiles = [random.choice(without(CARRIED, used))]
    else:
        tiles = [random.choice(without(THINGS, used))]
        tiles.append(random.choice(without(CARRIED, used)))
    return RULES[kind], tiles, product


def draw_ruleset(benchmark):
    """(goal, rules, things): a kind and tiles; kinds, tiles and products; tiles."""
    goal = draw_goal()
    wanted, used, rules, things = list(goal[1]), list(goal[1]), [], []
    if benchmark.depth == 0:
        things += wanted
    for level in range(benchmark.depth):
        made_of = []
        while wanted:
            tile = wanted.pop()
            if random.random() < benchmark.pruned:
                things.append(tile)
                continue
            rule = draw_rule(tile, used)
            rules.append(rule)
            used += rule[1]
            made_of += rule[1]
            if level == benchmark.depth - 1:
                things += rule[1]
        wanted = made_of
    things += random.choices(without(THINGS, used), k=benchmark.more_things)
    if benchmark.more_rules > 0:
        for _ in range(random.randint(0, benchmark.more_rules)):
            rule = draw_rule(random.choice(without(CARRIED + [FLOOR], used)), [])
            rules.append(rule)
            things += rule[1]
    return goal, rules, things


def bytes_of(ruleset):
    """As the benchmarks encode it: the goal's 5 numbers, 7 of each rule (one of zeros where there is none), 2 of each thing."""
    (kind, tiles), rules, things = ruleset
    flat = lambda tiles: [number for tile in tiles for number in tile]
    filled = lambda numbers, size: numbers + [0] * (size - len(numbers))
    return (filled([kind, *flat(tiles)], 5),
            [filled([kind, *flat([*tiles, product])], 7) for kind, tiles, product in rules] or [[0] * 7],
            [list(tile) for tile in things])


def task_of(ruleset, benchmark):
    """The numbers of a task of xland: a tile is type · 12 + colour."""
    (kind, tiles), rules, things = ruleset
    number = lambda tile: 12 * tile[0] + tile[1]
    two = lambda tiles: [number(tile) for tile in tiles] + [0] * (2 - len(tiles))
    task = [kind, *two(tiles)]
    for its_kind, its_tiles, product in rules:
        task += [its_kind, *two(its_tiles), number(product)]
    task += [0] * (4 * (benchmark.rules - len(rules)))
    return task + [number(tile) for tile in things] + [0] * (benchmark.things - len(things))


def draw_rulesets(name, count, seed=42, repeats=False):
    """The first `count` rulesets of a benchmark."""
    random.seed(seed)
    found, known = [], set()
    while len(found) < count:
        ruleset = draw_ruleset(BENCHMARKS[name])
        goal, rules, _ = bytes_of(ruleset)
        key = str((goal, rules))
        if repeats or key not in known:
            found.append(ruleset)
        known.add(key)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", choices=BENCHMARKS)
    parser.add_argument("file")
    parser.add_argument("--rulesets", type=int, default=21410, help="how many, those that are held out among them")
    parser.add_argument("--held-out", type=int, default=1410, help="how many of them are held out: the last ones, shuffled")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--repeats", action="store_true", help="keep rulesets that came before")
    arguments = parser.parse_args()
    if arguments.benchmark == "trivial" and arguments.rulesets > 21410 and not arguments.repeats:
        parser.error("--rulesets: wanted at most 21410 of trivial, which has no more, found " + str(arguments.rulesets))
    if not 0 < arguments.held_out < arguments.rulesets:
        parser.error("--held-out: wanted at least one, and fewer than --rulesets, found " + str(arguments.held_out))
    rulesets = draw_rulesets(arguments.benchmark, arguments.rulesets, arguments.seed, arguments.repeats)
    tasks = [task_of(ruleset, BENCHMARKS[arguments.benchmark]) for ruleset in rulesets]
    # The first ones of trivial have most of the goals of one thing: training and evaluation get as many of each.
    random.Random(arguments.seed).shuffle(tasks)
    with open(arguments.file, "w") as file:
        json.dump({"train": tasks[:-arguments.held_out], "held_out": tasks[-arguments.held_out:]}, file, separators=(",", ":"))
    print(f"{len(tasks)} rulesets in {arguments.file}, {arguments.held_out} of them held out")


if __name__ == "__main__":
    main()
