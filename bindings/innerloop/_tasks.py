"""Tasks in the forms in which users have them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from innerloop._errors import InputError

Floats = npt.NDArray[np.float32]


def task_table(tasks: Any, names: Sequence[str], count: int | None = None) -> Floats:
    """[task, number] of numbers [tasks, numbers] or [numbers], a mapping by name or a list of them, or a data frame.

    With `count` there have to be so many of them, or one for all.
    """
    if hasattr(tasks, "columns") and hasattr(tasks, "to_dict"):  # a data frame
        tasks = tasks.to_dict("records")
    if isinstance(tasks, Mapping):
        tasks = [tasks]
    if isinstance(tasks, Sequence) and tasks and isinstance(tasks[0], Mapping):
        for i, task in enumerate(tasks):
            if set(task) != set(names):
                wrong = sorted(set(task) ^ set(names))[0]
                raise InputError(f"tasks[{i}]: wanted the numbers {', '.join(names)}, found "
                                 f"{'none for' if wrong in names else 'one for'} {wrong}")
        tasks = [[task[name] for name in names] for task in tasks]
    try:
        table = np.atleast_2d(np.asarray(tasks, dtype=np.float32))
    except (TypeError, ValueError) as error:
        raise InputError(f"tasks: wanted numbers, found {tasks!r}") from error
    if (table.ndim != 2 or table.shape[0] == 0 or table.shape[1] != len(names)
            or (count is not None and table.shape[0] not in (1, count))):
        raise InputError(f"tasks: wanted numbers [{'tasks' if count is None else count}, {len(names)}] or [{len(names)}], "
                         f"found {list(np.shape(tasks))}")
    if not np.isfinite(table).all():
        raise InputError("tasks: wanted finite numbers, found NaN or infinity")
    return np.ascontiguousarray(table)
