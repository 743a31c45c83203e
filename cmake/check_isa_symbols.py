#!/usr/bin/env python3
"""Checks that no function compiled for a wide instruction set can be called by code meant for a narrower one.

The same templates are compiled once for each instruction set, into one binary. Of a weak symbol defined several
times (a template, an inline function) the linker keeps whichever it meets first; if that is the AVX-512 one, the
program dies of an illegal instruction on other processors. So every weak symbol in the object files of a set must
have the set's tag in its name, and nobody else may define it.

    check_isa_symbols.py Avx2 OBJECT... --set Avx512 OBJECT... --set - OBJECT...     (-: all the others)
"""
import re
import subprocess
import sys

WEAK = "WVu"


def weak_symbols(path):
    """Demangled names of the weak symbols that an object file defines."""
    lines = subprocess.run(["nm", "-C", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    rows = (line.split(None, 2) for line in lines.splitlines())
    # DW.ref.*: the pointer to the exception handler; data, the same in every set.
    return {row[2] for row in rows if len(row) == 3 and row[1] in WEAK and not row[2].startswith("DW.ref.")}


def check(sets):
    """Complaints about `sets`, a list of (tag, object files); the tag "-" stands for code of no special set."""
    complaints = []
    owner = {}
    for tag, objects in sets:
        for path in objects:
            for name in sorted(weak_symbols(path)):
                if tag != "-" and not re.search(rf"\b{tag}\b", name):
                    complaints.append(f"{path}: wanted {tag} in the name of each weak symbol, found {name}")
                first_tag, first_path = owner.setdefault(name, (tag, path))
                if first_tag != tag and re.search(r"\b(Avx2|Avx512)\b", name):
                    complaints.append(f"{path}: wanted {name} in the objects of one set only, found it in {first_path} too")
    return complaints


def main(arguments):
    groups = [[]]
    for argument in arguments:
        groups.append([]) if argument == "--set" else groups[-1].append(argument)
    sets = [(group[0], group[1:]) for group in groups]
    if not all(objects for _, objects in sets):
        sys.exit("check_isa_symbols: wanted object files after each set's name, found none")
    complaints = check(sets)
    print("\n".join(complaints) or f"{sum(len(objects) for _, objects in sets)} object files, no symbol shared")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
