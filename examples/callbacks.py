"""A training loop of your own: stop when nothing improves, and keep the best policy.

    python3 examples/callbacks.py
"""
import innerloop as il

config = il.Config.load("point_navigation_maml.json", set={"iterations": 60, "evaluation.every": 5, "evaluation.tasks": 40})
trainer = il.Trainer(config)
best, patience = None, 0
for report in trainer:
    if not report.evaluation_returns:
        continue
    after = report.evaluation_returns[-1]  # on held-out tasks, after the last gradient step
    print(f"iteration {report.iteration:3}   held-out return after adaptation {after:7.2f}   {report.env_steps:,} steps")
    if best is None or after > best[0]:
        best, patience = (after, trainer.policy()), 0
    else:
        patience += 1
    if patience == 2:
        print("it no longer improves")
        break
print(f"kept: {best[1]}")
print("at (0, 0), before adaptation:", best[1].distribution([0.0, 0.0]))
