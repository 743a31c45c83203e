"""Stable-Baselines3's PPO learns on many tasks of one family at once: poles of every length, carts of every mass.

    pip install innerloop[sb3]
    python stable_baselines.py [steps]
"""
import sys

from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy

from innerloop.sb3 import SB3VecEnv


def main(steps: int = 40_000) -> tuple[float, float]:
    """Mean returns before and after training."""
    # Each of the 32 environments has a task of its own.
    model = PPO("MlpPolicy", SB3VecEnv("cartpole", num_envs=32, max_episode_steps=200), n_steps=64, batch_size=256, n_epochs=8,
                learning_rate=1e-3, gamma=0.98, seed=1, device="cpu")
    # Held out: the tasks that `innerloop evaluate` measures on.
    tests = SB3VecEnv("cartpole", num_envs=64, max_episode_steps=200)
    tests.vector.set_tasks(tests.vector.sample_tasks(64, seed=1000003, split="heldout"))
    before, _ = evaluate_policy(model, tests, n_eval_episodes=64, warn=False)
    model.learn(steps)
    after, _ = evaluate_policy(model, tests, n_eval_episodes=64, warn=False)
    print(f"mean return on 64 tasks that it has not seen: {before:.1f} before, {after:.1f} after {steps} steps")
    return float(before), float(after)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
