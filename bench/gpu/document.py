"""Names and tables of docs/gpu.md, whose generated parts stand between `<!-- NAME -->` and `<!-- end of NAME -->`."""
import re


def operation_of(name):
    """A kernel's demangled name as the operation that it runs: `Rollout<PointNavigation>`."""
    name = re.sub(r"^.*?run_operation<|, \(innerloop::ScratchIn\)\d+$|innerloop::", "", name.split(">(")[0])
    name = re.sub(r"\bfloat\b(, )?", "", name)
    name = {"CurvatureVector<Hessian>": "HessianVector", "CurvatureVector<Fisher>": "FisherVector",
            "NetworkPass<PolicyObjective<> >": "PolicyGradient",
            "NetworkPass<ValueError<> >": "ValueGradient"}.get(name, name)
    return name.replace("<>", "")


def number(value):
    """With a unit, three digits."""
    for unit, size in ((" G", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def find_part(path, name):
    """(document, start, end) of a generated part. @raises SystemExit where there is none."""
    document = path.read_text()
    match = re.search(f"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", document, re.DOTALL)
    if match is None:
        raise SystemExit(f"{path}: wanted a part between <!-- {name} --> and <!-- end of {name} -->, found none")
    return document, match.start(), match.end()


def replace_part(path, name, text):
    document, start, end = find_part(path, name)
    path.write_text(document[:start] + text + document[end:])


def read_rows(path, name):
    """The rows of a part's table as dicts by the header's cells."""
    document, start, end = find_part(path, name)
    lines = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in document[start:end].splitlines()]
    return [dict(zip(lines[0], line)) for line in lines[2:]] if lines else []
