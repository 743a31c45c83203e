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

CASES, SEED = 30, 1


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


class FourTank:
    """A step of 10 s; the clock is in seconds."""

    name = "four_tank"
    ranges = dict(
        valve_1=(0.25, 0.8), valve_2=(0.25, 0.8), pump_1=(0.9, 1.1), pump_2=(0.9, 1.1), outlet_1=(0.8, 1.2),
        outlet_2=(0.8, 1.2), outlet_3=(0.8, 1.2), outlet_4=(0.8, 1.2), clogging=(0, 0.0005), pump_decay=(0, 0.0005),
        sensor_bias=(-1, 1), pump_limit=(4, 10), fault_second=(0, 1500),
    )  # fmt: skip
    states, actions, clock = [(8, 15), (8, 15), (2, 6), (2, 6)], 2, (0, 2000)

    def after(self, task, state, action, clock):
        volts = [5 * (a + 1) for a in action]
        if clock >= task["fault_second"]:
            volts[0] = min(volts[0], task["pump_limit"])
        area, g = [28, 32, 28, 32], 981
        clean = max(1 - task["clogging"] * clock, 0.4)
        outlet = [o * task[f"outlet_{i + 1}"] * clean for i, o in enumerate([0.071, 0.057, 0.071, 0.057])]
        works = max(1 - task["pump_decay"] * clock, 0.4)
        flow = [3.33 * task["pump_1"] * works * volts[0], 3.35 * task["pump_2"] * works * volts[1]]
        valve = [task["valve_1"], task["valve_2"]]

        def slope(_, h):
            out = [outlet[i] * np.sqrt(2 * g * max(h[i], 0)) for i in range(4)]
            return [
                (-out[0] + out[2] + valve[0] * flow[0]) / area[0],
                (-out[1] + out[3] + valve[1] * flow[1]) / area[1],
                (-out[2] + (1 - valve[1]) * flow[1]) / area[2],
                (-out[3] + (1 - valve[0]) * flow[0]) / area[3],
            ]

        levels = solve(slope, state, 10)
        assert all(0.01 < h < 20 for h in levels), "it runs dry or over, where ours has bounds"
        return levels


class DcDrive:
    """A step of 1 ms; the clock is in seconds."""

    name = "dc_drive"
    ranges = dict(
        resistance=(0.7, 2), inductance=(0.7, 1.3), flux=(0.75, 1.05), inertia=(0.5, 4), friction=(0, 4),
        damping=(0, 0.03), drag=(0, 1e-4), heating=(0, 0.5), demagnetisation=(0, 0.2), sensor_bias=(-5, 5),
        voltage_limit=(20, 60), fault_second=(0, 2),
    )  # fmt: skip
    states, actions, clock = [(-200, 200), (-250, 250)], 1, (0, 3)

    def after(self, task, state, action, clock):
        limit = task["voltage_limit"] if clock >= task["fault_second"] else 60
        u = min(max(60 * action[0], -limit), limit)
        resistance = 16e-3 * task["resistance"] * (1 + min(task["heating"] * clock, 1))
        flux = 0.165 * task["flux"] * (1 - min(task["demagnetisation"] * clock, 0.5))
        inductance, inertia = 19e-6 * task["inductance"], (0.025 + 1e-4) * task["inertia"]

        def slope(_, x):
            i, w = x
            load = task["friction"] * np.tanh(w / 2) + task["damping"] * w + task["drag"] * w * abs(w)
            return [(u - resistance * i - flux * w) / inductance, (flux * i - load) / inertia]

        return solve(slope, state, 1e-3)


class Distillation:
    """A step of a minute. The state is the four transfer functions' outputs, then what the inputs were in the last seven
    minutes, the newest first."""

    name = "distillation"
    ranges = dict(
        gain_top_reflux=(0.6, 1.4), gain_top_steam=(0.6, 1.4), gain_bottom_reflux=(0.6, 1.4),
        gain_bottom_steam=(0.6, 1.4), time_top_reflux=(0.7, 1.3), time_top_steam=(0.7, 1.3),
        time_bottom_reflux=(0.7, 1.3), time_bottom_steam=(0.7, 1.3), gain_drift=(-0.004, 0.004), feed_change=(-1, 1),
        feed_minute=(0, 200), sensor_bias=(-0.1, 0.1), fault_minute=(0, 200),
    )  # fmt: skip
    states, actions, clock = [(-5, 5)] * 4 + [(-1, 1)] * 14, 2, (0, 200)

    def after(self, task, state, action, clock):
        parts = [("top_reflux", 12.8, 16.7, 1), ("top_steam", -18.9, 21, 3), ("bottom_reflux", 6.6, 10.9, 7),
                 ("bottom_steam", -19.4, 14.4, 3)]  # fmt: skip
        past = {"reflux": state[4:11], "steam": state[11:18]}
        after = []
        for x, (name, gain, tau, delay) in zip(state[:4], parts):
            # In this minute acts what was put in `delay` minutes before it.
            u = past[name.split("_")[1]][delay - 1]
            gain *= task["gain_" + name] * np.exp(task["gain_drift"] * clock)
            tau *= task["time_" + name]
            after += solve(lambda _, y: [(gain * u - y[0]) / tau], [x], 1)  # noqa: B023
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
    families = (Cstr(), FourTank(), DcDrive(), Distillation())
    plants = [{"environment": plant.name, "cases": list(cases(plant, random))} for plant in families]
    path = pathlib.Path(__file__).with_name("plant_vectors.json")
    path.write_text(json.dumps({"scipy": scipy.__version__, "plants": plants}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
