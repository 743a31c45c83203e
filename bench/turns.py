"""Programs that are timed in turns (A B A B …): what the scripts that compare innerloop with its peers share."""
import argparse
import json
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
           "fraction_of_peak": median(mine, "fraction_of_peak"),
           "peak_memory_bytes": median(mine, "memory"), "peer_peak_memory_bytes": median(peers, "memory"),
           "seconds_of_rounds": [run["seconds"] for run in mine], "peer_seconds_of_rounds": [run["seconds"] for run in peers]}
    return row | {"times_faster": row["peer_seconds"] / row["seconds"]}


def print_rows(header, rows, line, path):
    """Prints each row as it comes, and writes those that are there to `path`, if it is given."""
    print(header, flush=True)
    found = []
    for row in rows:
        found.append(row)
        print(line(row), flush=True)
        if path:
            path.write_text(json.dumps(found, indent=2) + "\n")
