"""The report in Markdown: what was measured, on what, by what, and how surely."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nexus.engine.evaluation.ledger import Line, Section
from nexus.engine.evaluation.rounding import show

INTRODUCTION = (
    "Written by `make eval`; do not edit. Each figure is followed by its 95 % interval "
    "over people (percentile bootstrap: people drawn with replacement, each with all "
    "of their ratings), and has no more digits than that interval supports. "
    "Differences are taken on the same draws: where their interval leaves out 0, it is "
    "not the choice of people. Rankings are over the whole catalogue; ties go to the "
    "lower id."
)

HOW_CHOSEN = """\
All settings, ours and the peers', were chosen on MovieLens latest-small, on other
splits of the same people: figures on that table flatter each a little. SVD and SVD++
without further word, KNNBaseline and the averages were not searched; the other peers
were, over small grids (EASE 5 settings, RDLAE 36, item-kNN 12, SLIM 13, iALS 36, tuned
SVD 44)."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What makes a report repeatable.

    data: facts of the table, as its size and SHA-256; versions: of what computed it;
    seed and folds: of the splits; absent: peers whose library was not installed;
    settings: by contestant
    """

    data: Mapping[str, str]
    versions: Mapping[str, str]
    folds: int
    seed: int
    absent: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


def write_report(
    heading: Heading, sections: Sequence[Section], *, plot: str | None = None
) -> str:
    """Markdown; plot: the address of the calibration plot, if there is one."""
    parts = ["# Evaluation", INTRODUCTION, _heading(heading)]
    for section in sections:
        parts += [f"## {section.title}", section.notes, _tables(section)]
        if section.key == "match" and plot is not None:
            parts.append(f"![Claimed chance of a like and share liked]({plot})")
    if heading.settings:
        rows = [(name, f"`{one}`") for name, one in heading.settings.items()]
        header = ("", "what it was run with")
        parts += ["## Settings", HOW_CHOSEN, table(header, rows, numbers=False)]
    return "\n\n".join(parts) + "\n"


def _heading(heading: Heading) -> str:
    rows = [
        *heading.data.items(),
        ("splits", f"{heading.folds} folds, seed {heading.seed}"),
        ("computed by", ", ".join(f"{k} {v}" for k, v in heading.versions.items())),
        ("not installed here", ", ".join(heading.absent) or "none of the peers"),
    ]
    return table(("what", "which"), rows, numbers=False)


def _tables(section: Section) -> str:
    groups = dict.fromkeys(line.group for line in section.lines)
    parts = []
    for group in groups:
        lines = [line for line in section.lines if line.group == group]
        if group and len(groups) > 1:
            parts.append(f"### {group[0].upper()}{group[1:]}")
        parts.append(_lines(lines))
    return "\n\n".join(parts)


def _lines(lines: Sequence[Line]) -> str:
    columns = tuple(dict.fromkeys(key for line in lines for key in line.cells))
    rows = [
        (line.contestant, *(show(line.cells.get(column)) for column in columns))
        for line in lines
    ]
    return table(("", *columns), rows)


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True
) -> str:
    """A Markdown table, the first column left, the others right if they are numbers."""
    edges = ["---", *["---:" if numbers else "---"] * (len(header) - 1)]
    lines = [header, edges, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
