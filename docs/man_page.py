#!/usr/bin/env python3
"""Writes the man page docs/innerloop.1 of what the program's own --help says.

    python3 docs/man_page.py PROGRAM [--check]

With --check nothing is written: fails where the page is not what would be.
"""
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent / "innerloop.1"
CLOSING = """.SH FILES
A run's folder holds its config, metrics, checkpoints, evaluation and report; docs/files.md describes them.
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
the run failed
.TP
.B 2
bad input: command line, config or file
.TP
.B 130
interrupted, after a checkpoint
.SH ENVIRONMENT
.TP
.B NO_COLOR
if set, progress is shown without colours
"""


def escaped(text):
    """Text that roff takes for nothing else."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def read_help(program, *command):
    """The description, the usage and {section: text} of what --help prints."""
    text = subprocess.run([program, *command, "--help"], check=True, capture_output=True, text=True).stdout
    head, *rest = re.split(r"^(\w+):\n", text, flags=re.MULTILINE)
    description, usage = head.split("Usage: ")
    return description.strip(), usage.strip(), dict(zip(rest[::2], rest[1::2]))


def entries(section):
    """(name, meaning) of each line that begins with a name, and those below it that go on."""
    found = []
    for line in section.splitlines():
        name, _, meaning = line.strip().partition("  ") if len(line) - len(line.lstrip()) == 2 else ("", "", line)
        if name and not meaning and line.startswith("  -") and " {" in name and "} " in name:
            name, meaning = name.split("} ")  # the name is as wide as its column
            name += "}"
        if name:
            found.append([name, meaning.strip()])
        elif line.strip():
            found[-1][1] = f"{found[-1][1]} {line.strip()}".strip()
    return found


def described(section):
    return "".join(f".TP\n.B {escaped(name)}\n{escaped(meaning)}\n" for name, meaning in entries(section))


def examples(section):
    return f".PP\nExamples:\n.PP\n.nf\n{escaped(section.rstrip())}\n.fi\n" if section else ""


def page(program):
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    description, usage, sections = read_help(program)
    text = (f'.TH INNERLOOP 1 "" "innerloop {version}"\n.SH NAME\ninnerloop \\- {escaped(description)}\n'
            f".SH SYNOPSIS\n.B {escaped(usage)}\n.SH OPTIONS\n{described(sections['Options'])}.SH COMMANDS\n")
    for command, _ in entries(sections["Subcommands"]):
        description, usage, of_command = read_help(program, command)
        text += (f".SS {escaped(usage.removeprefix('innerloop '))}\n{escaped(description)}\n"
                 + described(of_command.get("Positionals", "")) + described(of_command["Options"])
                 + examples(of_command.get("Examples", "")))
    return text + CLOSING


def main():
    text = page(sys.argv[1])
    if "--check" not in sys.argv:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    print(f"{PAGE}: wanted what ./dev docs writes, found something else")
    return 1


if __name__ == "__main__":
    sys.exit(main())
