#!/usr/bin/env python3
"""Writes plant_vectors.json: what plants do in one control step, solved by SciPy to twelve digits, which plant_vectors_test.cpp
compares ours with. Run once, in an environment with scipy; the file is in the repository.

Each equation is written here as it stands in its source, with the plant's parameters worked out from the task's numbers.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.integrate import solve_ivp

CASES, SEED = 60, 1


def solve(slope, start, span):
    solution = solve_ivp(slope, (0, span), start, method="DOP853", rtol=1e-12, atol=1e-13)
    assert solution.success
    return solution.y[:, -1].tolist()


class Cstr:
    """A step of 26/120 min; the clock is in minutes since the equipment was new."""

    name = "cstr"
    ranges = dict(
        heat_transfer=(0.7, 1.1), catalyst=(0.7, 1.2), flow=(0.9, 1.1), feed_concentration=(0.97, 1.03),
        feed_temperature=(346, 354), reaction_heat=(0.95, 1.05), catalyst_decay=(0, 1 / 60), fouling=(0, 0.0154),
        sensor_bias=(-0.02, 0.02), coolant_limit=(305, 315), fault_minute=(0, 26),
    )  # fmt: skip
    states, actions, clock = [(0.7, 0.95), (315, 338)], 1, (0, 60)

    def after(self, task, state, action, clock):
        coolant = 280 + (action[0] + 1) / 2 * (315 - 280)
        if clock >= task["fault_minute"]:
            coolant = min(coolant, task["coolant_limit"])
        q, volume, rho_c = 100 * task["flow"], 100, 239
        heat = 5e4 * task["reaction_heat"]
        ua = 5e4 * task["heat_transfer"] * max(1 - task["fouling"] * clock, 0.4)
        k0 = 7.2e10 * task["catalyst"] * np.exp(-task["catalyst_decay"] * clock)

        def slope(_, x):
            k = k0 * np.exp(-8750 / x[1])
            return [
                q / volume * (task["feed_concentration"] - x[0]) - k * x[0],
                q / volume * (task["feed_temperature"] - x[1]) + heat / rho_c * k * x[0]
                + ua / (rho_c * volume) * (coolant - x[1]),
            ]  # fmt: skip

        after = solve(slope, state, 26 / 120)
        assert after[1] < 360, "it runs away, where ours has bounds"
        return after


def cases(plant, random):
    for _ in range(CASES):
        draw = lambda bounds: float(np.float32(random.uniform(*bounds)))  # noqa: E731
        task = {name: draw(bounds) for name, bounds in plant.ranges.items()}
        state = [draw(bounds) for bounds in plant.states]
        action = [draw((-1, 1)) for _ in range(plant.actions)]
        clock = draw(plant.clock)
        yield {
            "task": list(task.values()),
            "state": state,
            "action": action,
            "clock": clock,
            "after": plant.after(task, state, action, clock),
        }


def main():
    random = np.random.default_rng(SEED)
    plants = [{"environment": plant.name, "cases": list(cases(plant, random))} for plant in (Cstr(),)]
    path = pathlib.Path(__file__).with_name("plant_vectors.json")
    path.write_text(json.dumps({"scipy": scipy.__version__, "plants": plants}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
