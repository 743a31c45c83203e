"""Programs that are timed in turns (A B A B …): what the scripts that compare innerloop with its peers share."""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from arguments import positive, program

ROOT = Path(__file__).resolve().parent.parent
MIB = 1 << 20


def arguments_of(description):
    """A parser for a script of this description, with the options that all of them have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=program, default=str(ROOT / "build/peers/bin/python"), help="one that can import the peers")
    parser.add_argument("--innerloop", type=program, default=str(ROOT / "build/release/innerloop"), help="the binary")
    parser.add_argument("--rounds", type=positive, default=3, help="turns of each program")
    parser.add_argument("--json", type=Path, help="also writes the rows to this file")
    return parser


def run(command):
    """The standard output of a program, which must succeed."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"wanted `{' '.join(command)}` to succeed, found exit code {done.returncode}: "
                         f"{done.stderr.strip()[-500:]}")
    return done.stdout


def run_json(command):
    """The JSON in the last line that a program prints."""
    return json.loads(run(command).splitlines()[-1])


def run_bench(binary, pattern):
    """The report of `innerloop bench` on the benchmarks of this pattern."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "bench.json"
        run([binary, "bench", pattern, "--json", out])
        return json.loads(out.read_text())


def run_benchmark(binary, name):
    """What `innerloop bench` finds for the benchmark of this name."""
    report = run_bench(binary, name[:-1] + f"[{name[-1]}]")  # a pattern that fits this name alone
    (result,) = report["results"]
    return {"seconds": result["seconds"], "fraction_of_peak": result["fraction_of_peak"],
            "memory": result["peak_memory_bytes"], "machine": report["machine"]}


def stay_on_one_core():
    """From here on this process and those that it starts run on one core, the last one that it may use, and XLA on one thread."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()


def processor_seconds(command):
    """What a program, which must succeed, and those that it started took of a processor, and their greatest memory, bytes."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # so that nobody waits for it again
        if process.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"wanted `{' '.join(command)}` to succeed, found exit code {process.returncode}: "
                             f"{errors.read().decode().strip()[-500:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def train_iterations(binary, config, settings, first, count):
    """Processor seconds of an iteration of `innerloop train`, on one thread: two runs' difference, of `count` iterations, which
    leaves out the start, the evaluation and the iterations up to `first`. And the median of what a clock on the wall said."""
    def train(iterations, folder):
        out = Path(folder) / str(iterations)
        command = [binary, "train", ROOT / "configs" / config, "--threads", 1, "--out", out]
        for setting in [f"iterations={iterations}", "evaluation.tasks=2", *settings]:
            command += ["--set", setting]
        return out, *processor_seconds(command)

    with tempfile.TemporaryDirectory() as folder:
        _, before, _ = train(first, folder)
        out, after, memory = train(first + count, folder)
        metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()[first:]]
        return {"seconds": (after - before) / count, "wall_seconds": statistics.median(m["seconds"] for m in metrics),
                "memory": memory, "machine": json.loads((out / "machine.json").read_text())}


def peer_iterations(command):
    """The same of a peer, which tells the median of its iterations' processor seconds."""
    result = run_json(command)
    return {"seconds": result["processor_seconds_per_iteration"], "wall_seconds": result["seconds_per_iteration"],
            "memory": result["peak_memory_mb"] * MIB, "peer": result["peer"]}


def in_turns(ours, theirs, rounds):
    """A row of medians. `ours` and `theirs` time one turn; the peer is handed what innerloop found."""
    mine, peers = [], []
    for _ in range(rounds):
        mine.append(ours())
        peers.append(theirs(mine[-1]))

    def median(runs, key):
        return statistics.median(run[key] for run in runs)
    row = {"peer": peers[0]["peer"], "machine": mine[0]["machine"], "rounds": rounds,
           "seconds": median(mine, "seconds"), "peer_seconds": median(peers, "seconds"),
           "peak_memory_bytes": median(mine, "memory"), "peer_peak_memory_bytes": median(peers, "memory"),
           "seconds_of_rounds": [run["seconds"] for run in mine], "peer_seconds_of_rounds": [run["seconds"] for run in peers]}
    for key in ("fraction_of_peak", "wall_seconds"):
        row |= {to + key: median(runs, key) for to, runs in (("", mine), ("peer_", peers)) if key in runs[0]}
    return row | {"times_faster": row["peer_seconds"] / row["seconds"]}


def line_of_core(row):
    """The end of a line, of programs that take turns on one core; `steps`: the environments' of an iteration."""
    return (f"{row['seconds']:10.4f}  {row['peer_seconds']:10.4f}  {row['steps'] / row['seconds']:9.0f}  "
            f"{row['steps'] / row['peer_seconds']:9.0f}  {row['times_faster']:7.2f}  "
            f"{row['peak_memory_bytes'] / MIB:8.0f}  {row['peer_peak_memory_bytes'] / MIB:8.0f}")


def core_header(columns):
    """The head of such lines, behind these columns; and which core."""
    name = next((line.split(": ", 1)[1] for line in Path("/proc/cpuinfo").read_text().splitlines()
                 if line.startswith("model name")), "an unknown processor")
    gap = " " * len(columns)
    return (f"One thread each on one core of {name}; processor seconds of an iteration\n"
            f"{columns}   innerloop        peer  innerloop       peer    times       MiB  peer MiB\n"
            f"{gap}     seconds     seconds    steps/s    steps/s   faster")


def print_rows(header, rows, line, path):
    """Prints each row as it comes, and writes those that are there to `path`, if it is given."""
    print(header, flush=True)
    found = []
    for row in rows:
        found.append(row)
        print(line(row), flush=True)
        if path:
            path.write_text(json.dumps(found, indent=2) + "\n")
