r"""A strong JAX implementation of RL² with a causal transformer (PPO over trials of several episodes), the speed and learning peer
of innerloop's policy `transformer`.

One jitted program per iteration (trial_ppo.py). The rollout keeps keys and values of the trial's steps in the scan's carry, and
grows them between four stretches of the trial; training takes whole trials at once. Learned positions, the normalisation before
each sublayer and once more before the heads, weights drawn as innerloop draws them. Means over a row are products with a column
of ones, which XLA sums in vectors; minibatches are taken 16 trials at a time.

Tried, and slower or no faster on one core: keys and values as [step][trial][number], trials or heads as lanes of vectors, the
weights' sum by a column of ones, no maximum taken off the scores, causal blocks of queries, an attention with a hand-written way
back, minibatches of 8, 32 and 64 trials at a time, unrolled steps, XLA's fast maths and its oneDNN and YNNPACK products.

    python jax_transformer_ppo.py --env grid_navigation --trial-length 4 --iterations 5 --eval-trials 256        # speed
    python jax_transformer_ppo.py --env grid_navigation --trial-length 4 --iterations 200 --lr 5e-4 --lr-final 0 --ent 0.03 \
        --ent-final 0                                                                                           # learning

It learns as innerloop does: with --iterations 60 (and the rest of the line above) 4,096 trials return 33.3 ± 0.4, and innerloop's
33.7 ± 0.4 (configs/transformer_grid_navigation.json with iterations=60 and evaluation.tasks=4096), one seed each.

--trial-length counts pulls of the bandit, episodes of the others.
"""
import jax
import jax.numpy as jnp
from trial_ppo import arguments_of, train


def dense(p, x):
    return x @ p[0] + p[1]


def layer_norm(p, x):
    mean = jnp.full((x.shape[-1], 1), 1 / x.shape[-1])
    off = x - x @ mean
    return off * jax.lax.rsqrt((off * off) @ mean + 1e-5) * p[0] + p[1]


class Transformer:
    def __init__(self, steps, inputs, actions, a):
        self.steps, self.inputs, self.actions, self.hidden, self.layers = steps, inputs, actions, a.hidden, a.layers
        self.heads, self.feedforward, self.size = a.heads, a.feedforward, a.hidden // a.heads

    def init(self, key):
        glorot, hidden, share = jax.nn.initializers.glorot_uniform(), self.hidden, (2 * self.layers) ** -0.5
        keys = iter(jax.random.split(key, 3 + 6 * self.layers))
        dense = lambda i, o, scale=1.0: (scale * glorot(next(keys), (i, o)), jnp.zeros(o))
        norm = lambda: (jnp.ones(hidden), jnp.zeros(hidden))

        def qkv():
            return jnp.concatenate([glorot(next(keys), (hidden, hidden)) for _ in range(3)], 1), jnp.zeros(3 * hidden)

        def layer():
            return {"norm": norm(), "qkv": qkv(), "out": dense(hidden, hidden, share),
                    "second_norm": norm(), "up": dense(hidden, self.feedforward), "down": dense(self.feedforward, hidden, share)}

        bound = (3 / hidden) ** 0.5
        return {"input": dense(self.inputs, hidden), "layers": [layer() for _ in range(self.layers)], "norm": norm(),
                "positions": jax.random.uniform(next(keys), (self.steps, hidden), minval=-bound, maxval=bound),
                "policy": dense(hidden, self.actions, 0.01), "value": (jnp.zeros((hidden, 1)), jnp.zeros(1))}

    def start(self, envs):
        return [2 * (jnp.zeros((envs, self.heads, 0, self.size)),)] * self.layers

    def stretches(self, steps):
        return [steps * part // 4 for part in range(1, 5)]

    def room_for(self, memory, steps):
        return jax.tree.map(lambda m: jnp.pad(m, [(0, 0), (0, 0), (0, steps - m.shape[2]), (0, 0)]), memory)

    def attend(self, queries, keys, values, seen):
        """[B,H,queries,size], of keys and values [B,H,T,size]; `seen` [queries or 1,T]: which ones a query sees."""
        scores = jnp.einsum("bhqd,bhsd->bhqs", queries, keys) * self.size ** -0.5
        return jnp.einsum("bhqs,bhsd->bhqd", jax.nn.softmax(jnp.where(seen, scores, -1e30)), values)

    def layer(self, p, x, attention):
        """A layer's rows [B,T,D]; `attention` makes of queries, keys and values [B,H,T,size] what the heads found."""
        trials, steps = x.shape[:2]
        split = lambda part: part.reshape(trials, steps, self.heads, self.size).swapaxes(1, 2)
        found = attention(*map(split, jnp.split(dense(p["qkv"], layer_norm(p["norm"], x)), 3, -1)))
        x = x + dense(p["out"], found.swapaxes(1, 2).reshape(x.shape))
        return x + dense(p["down"], jax.nn.relu(dense(p["up"], layer_norm(p["second_norm"], x))))

    def read(self, params, x):
        (wp, bp), (wv, bv) = params["policy"], params["value"]
        out = layer_norm(params["norm"], x) @ jnp.concatenate([wp, wv], 1) + jnp.concatenate([bp, bv])
        return out[..., :-1], out[..., -1]

    def step(self, params, memory, t, x):
        after = []

        def look_back(query, key, value):
            kept = [jax.lax.dynamic_update_slice_in_dim(m, new, t, 2) for m, new in zip(memory[len(after)], (key, value))]
            after.append(tuple(kept))
            return self.attend(query, *kept, jnp.arange(kept[0].shape[2])[None] <= t)

        x = (dense(params["input"], x) + params["positions"][t])[:, None]
        for p in params["layers"]:
            x = self.layer(p, x, look_back)
        return after, *self.read(params, x[:, 0])

    def sequence(self, params, x):
        steps = x.shape[0]
        causal = lambda q, k, v: self.attend(q, k, v, jnp.tril(jnp.ones((steps, steps), bool)))
        x = dense(params["input"], x.swapaxes(0, 1)) + params["positions"]
        for p in params["layers"]:
            x = self.layer(p, x, causal)
        return tuple(out.swapaxes(0, 1) for out in self.read(params, x))

    def flops_per_env_step(self, epochs):
        """The rollout's forward pass, and forward and backward in every epoch (none to the inputs); a step sees half a trial."""
        of_layer = self.hidden * (4 * self.hidden + 2 * self.feedforward + self.steps)
        of_inputs = 2 * self.inputs * self.hidden
        forward = of_inputs + 2 * self.layers * of_layer + 2 * self.hidden * (self.actions + 1)
        return forward * (1 + 3 * epochs) - epochs * of_inputs


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--feedforward", type=int, default=256)
    parser.set_defaults(chunk=16, gae_lambda=0.9)
    a = parser.parse_args()
    train(a, lambda a, steps, inputs, actions: Transformer(steps, inputs, actions, a))


if __name__ == "__main__":
    main()
