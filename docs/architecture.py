#!/usr/bin/env python3
"""Writes what docs/architecture.md shows of docs/rooms.json: the table of rooms, and the picture of the way of the data.

    python3 docs/architecture.py [--check]

With --check nothing is written: fails where the page or the picture is not what would be, or the page names a file that is
not there.
"""
import json
import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).resolve().parent
BEGIN, END = "<!-- the rooms: written by docs/architecture.py -->\n", "<!-- end of the rooms -->\n"

COLUMN, GAP, BOX, ROW, LEFT, TOP = 250, 130, 76, 130, 20, 48  # widths and heights in pixels
INK, PALE, LINE, OUTSIDE, BASE = "#1f2d3a", "#5c6b78", "#0b6e99", "#f4efe4", "#e7f0e8"


def table(rooms):
    """The rooms, top to bottom, in Markdown."""
    rows = "".join(f"| `{row['room']}{'' if '.' in row['room'] else '/'}` | {row['holds']} |\n" for row in rooms["rooms"])
    return f"| room | holds |\n|---|---|\n{rows}"


class Picture:
    """An SVG of boxes in a grid, a base below it, and labelled arrows between them."""

    def __init__(self, rooms):
        self.meanings = {row["room"]: row["holds"] for row in rooms["rooms"]} | rooms["picture"]["outside"]
        self.places = {}  # name: (left, top, width, height)
        self.parts = []
        picture = rooms["picture"]
        self.width = 2 * LEFT + 3 * COLUMN + 2 * GAP
        for column, title in enumerate(picture["columns"]):
            self.text(LEFT + column * (COLUMN + GAP) + COLUMN / 2, 24, title, 14, PALE, "italic")
        for row, cells in enumerate(picture["grid"]):
            for column, names in enumerate(cells):
                width = (COLUMN - 14 * (len(names) - 1)) / len(names)
                for i, name in enumerate(names):
                    self.places[name] = (LEFT + column * (COLUMN + GAP) + i * (width + 14), TOP + row * ROW, width, BOX)
        bottom = TOP + len(picture["grid"]) * ROW
        self.places["base"] = (LEFT, bottom, self.width - 2 * LEFT, 92)
        self.height = bottom + 92 + 14
        for flow in picture["flows"]:
            self.arrow(*flow)
        for name, place in self.places.items():
            if name != "base":
                outside = name in picture["outside"]
                self.box(place, name.removeprefix("engine/"), self.meanings[name], OUTSIDE if outside else "#ffffff")
        self.base(picture["base"])

    def text(self, x, y, words, size, colour=INK, style="normal", anchor="middle", weight="normal"):
        self.parts.append(f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" font-style="{style}" '
                          f'font-weight="{weight}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, place, name, meaning, fill):
        left, top, width, height = place
        self.parts.append(f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" '
                          f'stroke="{INK}"/>')
        lines = wrapped(meaning.replace("`", ""), int(width / 6.8))
        first = top + (height - 13 * len(lines)) / 2 + 4
        self.text(left + width / 2, first, name, 14, weight="bold")
        for i, line in enumerate(lines):
            self.text(left + width / 2, first + 15 + 13 * i, line, 11, PALE)

    def base(self, names):
        left, top, width, height = self.places["base"]
        self.parts.append(f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="{BASE}" '
                          f'stroke="{INK}"/>')
        self.text(left + width / 2, top + 20, "kernels: one source for every machine", 14, weight="bold")
        each = (width - 12) / len(names)
        for i, name in enumerate(names):
            x = left + 12 + i * each
            self.parts.append(f'<rect x="{x:g}" y="{top + 34}" width="{each - 12:g}" height="42" rx="4" fill="#ffffff" '
                              f'stroke="{PALE}"/>')
            self.text(x + (each - 12) / 2, top + 60, name.removeprefix("kernels/"), 12)

    def arrow(self, start, end, label):
        """From a box to one beside it, above it or below it."""
        x0, y0, w0, h0 = self.places[start]
        x1, y1, w1, h1 = self.places[end]
        if y0 == y1:
            y = y0 + h0 / 2
            path = (x0 + w0, y, x1, y) if x1 > x0 else (x0, y, x1 + w1, y)
            self.text((path[0] + path[2]) / 2, y - 7, label, 11, LINE)
        else:
            low, high = max(x0, x1), min(x0 + w0, x1 + w1)
            x = (low + high) / 2
            path = (x, y0 + h0, x, y1) if y1 > y0 else (x, y0, x, y1 + h1)
            self.text(x + 7, (path[1] + path[3]) / 2 + 4, label, 11, LINE, anchor="start")
        self.parts.append(f'<line x1="{path[0]:g}" y1="{path[1]:g}" x2="{path[2]:g}" y2="{path[3]:g}" stroke="{LINE}" '
                          f'stroke-width="1.6" marker-end="url(#tip)"/>')

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
                f'width="{self.width}" height="{self.height}" font-family="Helvetica, Arial, sans-serif">\n'
                f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
                f'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker></defs>\n'
                f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


def wrapped(text, most):
    """Lines of at most `most` letters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def missing_files(page):
    """Files and folders that the page names in backticks and that are not there."""
    named = re.findall(r"`((?:engine|envs|kernels|tests|cmake|configs|docs)/[\w./]*)`", page)
    return sorted({name for name in named if not (DOCS.parent / name).exists()})


def main():
    rooms = json.loads((DOCS / "rooms.json").read_text())
    page = (DOCS / "architecture.md").read_text()
    before, rest = page.split(BEGIN)
    wanted = {"architecture.md": before + BEGIN + table(rooms) + END + rest.split(END)[1],
              "architecture.svg": Picture(rooms).svg()}
    stale = [name for name, text in wanted.items() if not (DOCS / name).exists() or (DOCS / name).read_text() != text]
    if sys.argv[1:] == ["--check"]:
        print(*(f"docs/{name}: wanted what docs/rooms.json says, found another text; ./dev docs writes it anew"
                for name in stale), sep="\n")
        missing = missing_files(wanted["architecture.md"])
        print(*(f"docs/architecture.md: wanted files that are there, found {name}" for name in missing), sep="\n")
        return 1 if stale or missing else 0
    for name in stale:
        (DOCS / name).write_text(wanted[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
