import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import innerloop as il
from conftest import TINY, TINY_MEMORY

# Every head that an inner loop has, and what changes the network.
STEPS = {
    "mlp": {},
    "relu": {"policy.activation": "relu"},
    "linear": {"policy.hidden": []},
    "squashed": {"environment": {"name": "pendulum"}, "policy.squash": 2.0},
    "floor": {"policy.initial_log_std": 1.0, "policy.min_log_std": 1.0},
    "categorical": {"environment": {"name": "cartpole"}},
    "context": {"algorithm": {"name": "cavia", "inner_steps": 2}},
    "film": {"algorithm": {"name": "cavia", "inner_steps": 2, "context_input": "film"}},
    "step_sizes": {"algorithm": {"name": "alfa", "inner_steps": 2}},
}
MEMORIES = {
    "gru": {},
    "lstm": {"policy": {"name": "lstm", "hidden": 6}},
    "layer_norm": {"policy": {"name": "gru", "hidden": 6, "layer_norm": True}},
    "gaussian": {"environment": {"name": "point_navigation"}},
    "separate_value": {"algorithm.value_network": "separate"},
    "transformer": {"policy": {"name": "transformer", "hidden": 32, "heads": 2, "feedforward": 16}},
    "rotary": {"environment": {"name": "point_navigation"},
               "policy": {"name": "transformer", "hidden": 16, "heads": 1, "feedforward": 16, "gated": True,
                          "positions": "rotary"}},
    "prompt": {"policy": {"name": "transformer", "hidden": 16, "heads": 1, "feedforward": 16, "tokens": 3}},
    "rotary_prompt": {"environment": {"name": "point_navigation"},
                      "policy": {"name": "transformer", "hidden": 16, "heads": 1, "feedforward": 16, "positions": "rotary",
                                 "tokens": 2},
                      "envs_per_task": 4, "evaluation.envs_per_task": 4,
                      "algorithm": {"name": "prompt_tuning", "trial_length": 20, "minibatches": 2}},
}


@pytest.mark.parametrize("name", STEPS)
def test_log_probs_are_the_engines(name):
    config = il.Config(TINY).set(STEPS[name])
    numbers = il.batch(config, 3, threads=1)
    for k in range(3):
        observations, actions = numbers[f"inner.{k}.observations"], numbers[f"inner.{k}.actions"]
        if config["policy.squash"]:
            actions = config["policy.squash"] * np.tanh(actions)  # the file has what was drawn
        for task, params in enumerate(numbers[f"inner.{k}.params"]):
            policy = il.Policy(config, params)
            found = policy.log_prob(observations[task].reshape(-1, observations.shape[-1]),
                                    actions[task].reshape(20, -1))
            np.testing.assert_allclose(found, numbers[f"inner.{k}.log_probs"][task].reshape(-1), rtol=1e-5, atol=2e-5)


def memory_run(name):
    return il.train(il.Config(TINY_MEMORY).set(MEMORIES[name]).set({"iterations": 4}), threads=1, evaluate=False)


@pytest.mark.parametrize("name", MEMORIES)
def test_a_memorys_actions_are_the_engines(name):
    run = memory_run(name)
    policy, state, rows = run.policy(), None, il.play(run, seed=3, threads=1)
    reward, ended = 0.0, False
    for observation, action, reward_now, ended_now in zip(*rows.values()):
        found, state = policy(observation, state, reward, ended, deterministic=True)
        np.testing.assert_allclose(np.ravel(found), action, rtol=1e-5, atol=1e-6)
        reward, ended = reward_now, ended_now
    # Other weights would act otherwise.
    other = il.Policy(run.config, run.params[::-1].copy())
    first = [each(rows["observations"][0], deterministic=True)[1].memory for each in (policy, other)]
    assert np.abs(first[0] - first[1]).max() > 1e-3


def small_policy(**options):
    return il.train(il.Config(TINY).set(options), threads=1, evaluate=False).policy()


def test_draws_follow_the_distribution():
    policy = small_policy(environment={"name": "cartpole"})
    obs = np.tile(np.float32([0.1, 0.2, 0.05, -0.3]), (20000, 1))
    probabilities = policy.distribution(obs)["probabilities"]
    np.testing.assert_allclose(policy(obs, seed=1).mean(), probabilities[0, 1], atol=0.02)
    assert (policy(obs, seed=1) == policy(obs, seed=1)).all() and (policy(obs, seed=1) != policy(obs, seed=2)).any()
    np.testing.assert_allclose(np.exp(policy.log_prob(obs[:2], [0, 1])), probabilities[0], rtol=1e-5)
    assert policy.mean(obs[0]) == probabilities[0].argmax()
    gaussian = small_policy()
    obs = np.zeros((20000, 2), np.float32)
    about = gaussian.distribution(obs)
    drawn = gaussian(obs, seed=3)
    np.testing.assert_allclose(drawn.mean(0), about["mean"][0], atol=0.03)
    np.testing.assert_allclose(drawn.std(0), about["std"][0], atol=0.03)
    assert gaussian(obs[0]).shape == (2,)
    # NumPy multiplies one row in another order of sums than many, on some processors.
    np.testing.assert_allclose(gaussian(obs[0], deterministic=True), about["mean"][0], rtol=1e-5)


def test_the_deviation_has_a_floor():
    config = il.Config(TINY, policy={"name": "mlp", "hidden": [5, 3], "min_log_std": -2.0})
    params = il.batch(config, threads=1)["params"]
    params[-2:] = [-5.0, -1.0]  # log_std
    np.testing.assert_allclose(il.Policy(config, params).distribution([0, 0])["std"], np.exp([-2.0, -1.0]), rtol=1e-6)


def test_wrong_observations_are_refused():
    policy = small_policy()
    with pytest.raises(il.InputError, match=r"obs: wanted numbers \[n, 2\] or \[2\], found \[5, 3\]") as error:
        policy(np.zeros((5, 3)))
    assert error.value.found == "[5, 3]"
    memory = memory_run("gru").policy()
    inputs = np.zeros((3, memory.to_numpy().about["observation"]), np.float32)
    with pytest.raises(il.InputError, match="state: wanted that of 3 agents, as there are observations, found 2"):
        memory(inputs, memory.initial_state(2))


def test_numpy_arrays_of_the_right_type_are_not_copied(monkeypatch):
    policy, obs = small_policy(), np.zeros((4, 2), np.float32)
    seen = []
    forward = il.numpy_policy.forward
    monkeypatch.setattr(il.numpy_policy, "forward", lambda *given: seen.append(given[3]) or forward(*given))
    policy(obs)
    assert np.shares_memory(seen[0], obs)


def test_policies_are_saved_and_loaded(tmp_path):
    run = il.train(il.Config(TINY), tmp_path / "run", threads=1)
    run.policy().save(tmp_path / "policy")
    il.adapt(run, seed=1, threads=1).save(tmp_path / "adapted")
    obs = np.random.default_rng(0).normal(size=(9, 2))
    for file in (tmp_path / "policy", tmp_path / "run/checkpoints/6.safetensors"):
        loaded = il.Policy.load(file)
        assert (loaded.mean(obs) == run.policy().mean(obs)).all() and loaded.iteration == 6
    adapted = il.Policy.load(tmp_path / "adapted")
    assert (adapted.mean(obs) == il.adapt(run, seed=1, threads=1).policy().mean(obs)).all()
    assert (adapted.mean(obs) != run.policy().mean(obs)).any()
    (tmp_path / "noise").write_bytes(b"no safetensors")
    for wrong, message in [("noise", "wanted a safetensors file"), ("none", "No such file")]:
        with pytest.raises(il.InputError, match=message):
            il.Policy.load(tmp_path / wrong)
    cavia = il.train(il.Config(TINY, algorithm={"name": "cavia"}), threads=1, evaluate=False)
    adapted = il.adapt(cavia, seed=1, threads=1)
    adapted.save(tmp_path / "context")
    with pytest.raises(il.InputError, match="wanted all parameters of a policy, found context"):
        il.Policy.load(tmp_path / "context")
    adapted.policy().save(tmp_path / "whole")
    assert (il.Policy.load(tmp_path / "whole").mean(obs) == adapted.policy().mean(obs)).all()


ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from numpy_policy import NumpyPolicy
policy = NumpyPolicy.load(sys.argv[2])
assert not any(name.startswith("innerloop") for name in sys.modules)
action, state = policy(np.ones(policy.about["observation"]), deterministic=True)
print(repr(float(state.memory.sum())))
"""


def test_a_numpy_policy_acts_without_innerloop(tmp_path):
    policy = memory_run("lstm").policy()
    policy.to_numpy().save(tmp_path / "policy.npz")
    (tmp_path / "numpy_policy.py").write_text(Path(il.numpy_policy.__file__).read_text())
    said = subprocess.run([sys.executable, "-I", "-c", ALONE, tmp_path, tmp_path / "policy.npz"], text=True,
                          capture_output=True, check=True).stdout
    obs = np.ones(policy.to_numpy().about["observation"])
    assert float(said) == float(policy(obs, deterministic=True)[1].memory.sum())


def test_a_deviation_of_what_is_seen_is_refused():
    run = il.train(il.Config(TINY, at_episode_end="restart", policy={"name": "mlp", "hidden": [5], "squash": 1.0},
                             algorithm={"name": "sac", "updates": 1, "capacity": 1000}), threads=1, evaluate=False)
    with pytest.raises(il.InputError, match="wanted one whose policy.s log std is a number .*, found \"sac\""):
        run.policy()


def test_a_transformer_is_refused_where_it_cannot_go(tmp_path):
    policy = memory_run("transformer").policy()
    obs, state = np.zeros(policy.to_numpy().about["observation"]), None
    for _ in range(policy.to_numpy().about["steps"]):
        _, state = policy(obs, state)
    with pytest.raises(il.InputError, match="state: wanted at most the 20 steps of a trial, found one more"):
        policy(obs, state)
    pytest.importorskip("onnx")
    with pytest.raises(il.InputError, match="to_onnx: wanted a policy"):
        policy.to_onnx(tmp_path / "policy.onnx")


@pytest.mark.parametrize("name", [*STEPS, *(name for name in MEMORIES if "policy" not in MEMORIES[name] or
                                           MEMORIES[name]["policy"]["name"] != "transformer")])
def test_onnx_computes_the_same(name, tmp_path):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    config = il.Config(TINY).set(STEPS[name]) if name in STEPS else il.Config(TINY_MEMORY).set(MEMORIES[name])
    policy = il.train(config.set(iterations=3), threads=1, evaluate=False).policy()
    policy.to_onnx(tmp_path / "policy.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "policy.onnx")
    plain, random = policy.to_numpy(), np.random.default_rng(5)
    obs = random.normal(size=(7, plain.about["inputs"])).astype(np.float32)
    memory = random.uniform(-1, 1, (7, plain.initial_state(7).memory.shape[1])).astype(np.float32)
    wanted = il.numpy_policy.forward(il.numpy_policy._Maths, plain.weights, plain.about, obs, memory)
    given = {"observations": obs, "memory": memory} if plain.has_memory else {"observations": obs}
    for found, value in zip(session.run(None, given), wanted):
        np.testing.assert_allclose(found, value, atol=1e-5)


@pytest.mark.parametrize("name", ["mlp", *MEMORIES])
def test_torch_computes_the_same_and_returns_its_own(name):
    torch = pytest.importorskip("torch")
    policy = small_policy() if name == "mlp" else memory_run(name).policy()
    plain = policy.to_numpy()
    inputs, memory = torch.randn(6, plain.about["inputs"]), torch.rand(6, plain.initial_state().memory.shape[1])
    if plain.about["kind"] == "transformer":
        memory[:, 0] = torch.arange(6)  # steps that were made
    wanted = il.numpy_policy.forward(il.numpy_policy._Maths, plain.weights, plain.about, inputs.numpy(), memory.numpy())
    found = policy.to_torch()(inputs, memory)
    for one, other in zip(found if plain.has_memory else [found], wanted):
        np.testing.assert_allclose(one.detach().numpy(), other, atol=1e-6)
    given = policy(torch.zeros(6, plain.about["observation"]))
    if plain.has_memory:
        given, state = given
        assert isinstance(state.memory, torch.Tensor)
        given, _ = policy(torch.zeros(6, plain.about["observation"]), state, torch.ones(6), torch.ones(6, dtype=torch.bool))
    assert isinstance(given, torch.Tensor)


def test_jax_arrays_come_back_as_such():
    jax = pytest.importorskip("jax")
    policy = small_policy()
    obs = jax.numpy.zeros((3, 2))
    assert isinstance(policy(obs), jax.Array) and policy.log_prob(obs, policy(obs)).shape == (3,)
