"""What other libraries make of the vectors: with torch, so not among the quick tests. Where one is missing, its test is left out."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import innerloop

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
# The task that everybody else's CartPole is.
PLAIN = {"cart_mass": 1.0, "pole_mass": 0.1, "pole_half_length": 0.5, "force": 10.0, "gravity": 9.8}


def test_stable_baselines_ppo_learns_cartpole() -> None:
    pytest.importorskip("stable_baselines3")
    from stable_baselines3 import PPO
    from stable_baselines3.common.evaluation import evaluate_policy

    from innerloop.sb3 import SB3VecEnv

    def made(num_envs: int) -> SB3VecEnv:
        return SB3VecEnv("cartpole", num_envs=num_envs, tasks=PLAIN, max_episode_steps=200)

    model = PPO("MlpPolicy", made(32), n_steps=64, batch_size=256, n_epochs=8, learning_rate=1e-3, gamma=0.98, seed=1,
                device="cpu")
    before, _ = evaluate_policy(model, made(16), n_eval_episodes=32, warn=False)
    model.learn(40_000)
    after, _ = evaluate_policy(model, made(16), n_eval_episodes=32, warn=False)
    assert before < 60 and after > 180


def test_the_example_learns_on_many_tasks() -> None:
    pytest.importorskip("stable_baselines3")
    import runpy

    before, after = runpy.run_path(str(EXAMPLES / "stable_baselines.py"))["main"]()
    assert before < 60 and after > 150


@pytest.mark.parametrize("mode", ["disabled", "same_step"])
def test_torchrl_steps_them(mode: str) -> None:
    pytest.importorskip("torchrl")
    from torchrl.envs import GymWrapper

    env = GymWrapper(innerloop.make_vec("cartpole", num_envs=8, autoreset=mode))
    played = env.rollout(50, break_when_any_done=False)
    assert played["observation"].shape == (8, 50, 4)
    assert played["next", "done"].sum() > 0


@pytest.mark.parametrize("library", ["torch", "jax"])
@pytest.mark.parametrize("copy", [True, False])
def test_arrays_of_other_libraries(library: str, copy: bool) -> None:
    other = pytest.importorskip(library)
    plain = innerloop.make_vec("pendulum", num_envs=4)
    envs = innerloop.make_vec("pendulum", num_envs=4, array_type=library, copy=copy)
    plain.reset(seed=1)
    observations, _ = envs.reset(seed=1)
    assert isinstance(observations, other.Tensor if library == "torch" else other.Array)
    actions = np.linspace(-1, 1, 4, dtype=np.float32)[:, None]
    theirs = other.from_numpy(actions) if library == "torch" else other.numpy.asarray(actions)
    np.testing.assert_array_equal(np.asarray(envs.step(theirs)[0]), plain.step(actions)[0])
