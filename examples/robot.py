"""What a robot carries: innerloop/numpy_policy.py and the weights, with no innerloop on board.

    python3 examples/robot.py

An agent with a memory (RL², a GRU) learns which arm of a bandit pays while it plays.
"""
import tempfile
from pathlib import Path

import numpy as np

import innerloop as il

config = il.Config.load("rl2_bandit_10_5.json", set={"iterations": 20, "tasks_per_iteration": 2000})
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "policy.npz")
    il.train(config, evaluate=False, callback=lambda report: print(f"\riteration {report.iteration}", end="")).policy() \
        .to_numpy().save(file)
    policy = il.NumpyPolicy.load(file)  # there: from numpy_policy import NumpyPolicy

random = np.random.default_rng(1)
arms = random.uniform(size=(500, 5))  # 500 robots, each with arms of its own
state, reward = policy.initial_state(500), np.zeros(500)
total = np.zeros(500)
for _ in range(10):
    action, state = policy(np.zeros((500, policy.about["observation"])), state, reward, ended=True, seed=None)
    reward = random.uniform(size=500) < arms[np.arange(500), action]
    total += reward
print(f"\npaid {total.mean():.2f} of 10 pulls on average; at random it would be {10 * arms.mean():.2f}, "
      f"the best arm pays {10 * arms.max(axis=1).mean():.2f}")
