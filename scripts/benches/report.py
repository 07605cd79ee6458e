"""What a bench prints and keeps: one table on the terminal, everything in a JSON file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benches import machine
from benches.stats import Aim, Judged, judge

OWN = "runfs"
MARKS = {"want": "**", "bound": "ok", "short": "SHORT", "": ""}


@dataclass(slots=True)
class Row:
    """One figure of every server, by round, and what ours should be beside them."""

    title: str
    unit: str
    rounds: dict[str, list[float]]
    aims: Sequence[Aim] = ()
    details: dict[str, dict[str, float]] = field(default_factory=dict)  # by server: p50_us, p99_us, cpu_us
    own: str = OWN  # whose figure is judged

    @property
    def judged(self) -> list[Judged]:
        """Each aim with its figure."""
        return judge(self.aims, self.rounds, self.own)

    def cell(self, server: str) -> str:
        """The server's median, as it stands in the table."""
        values = self.rounds.get(server)
        return quantity(median(values)) if values else "-"

    def document(self) -> dict[str, Any]:
        """The row for the JSON file."""
        return {
            "title": self.title,
            "unit": self.unit,
            "rounds": self.rounds,
            "medians": {server: median(values) for server, values in self.rounds.items() if values},
            "details": self.details,
            "own": self.own,
            "aims": [
                {**asdict(judged.aim), "figure": judged.figure, "verdict": judged.verdict}
                for judged in self.judged
            ],
        }


def quantity(value: float) -> str:
    """A number with three significant digits and thousands apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def verdicts(row: Row) -> str:
    """ "1.62 x ganesha >= 1 / 1.5 **": each aim's figure, its limits and whether they are reached."""
    parts = []
    for judged in row.judged:
        against = f" x {judged.aim.peer}" if judged.aim.peer else ""
        parts.append(f"{quantity(judged.figure)}{against} ({judged.aim}) {MARKS[judged.verdict]}".rstrip())
    return "; ".join(parts)


def table(rows: Sequence[Row], servers: Sequence[str]) -> str:
    """Rows as a Markdown table: medians of each server, p50/p99 and CPU of ours, and the verdicts."""
    head = ["", "unit", *servers, f"{OWN} p50 / p99 us", "CPU us a call", "ours against (bound / want)"]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        own = row.details.get(OWN, {})
        latency = f"{quantity(own['p50_us'])} / {quantity(own['p99_us'])}" if "p50_us" in own else ""
        cpu = quantity(own["cpu_us"]) if "cpu_us" in own else ""
        lines.append(
            [row.title, row.unit, *(row.cell(server) for server in servers), latency, cpu, verdicts(row)]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rendered = []
    for line in lines:
        filled = [
            cell.ljust(width, "-" if cell == "---" else " ") for cell, width in zip(line, widths, strict=True)
        ]
        rendered.append("| " + " | ".join(filled) + " |")
    return "\n".join(rendered)


def publish(
    name: str, rows: Sequence[Row], servers: Sequence[str], to: Path, notes: Mapping[str, Any]
) -> None:
    """Prints the table with the machine's size above it and writes the JSON file."""
    described = machine.description()
    print(f"\nscripts/bench {name}: {machine.sentence(described)}")
    print("medians; ** the want is reached, ok the bound is kept\n")
    print(table(rows, servers))
    for key, value in notes.items():
        print(f"{key}: {value}")
    document = {"bench": name, "machine": described, "notes": notes, "rows": [row.document() for row in rows]}
    to.write_text(json.dumps(document, indent=1) + "\n")
    print(f"written: {to}", file=sys.stderr)
