"""scripts/bench table: the last figures as Markdown for the README, from the files that the benches wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benches import machine
from benches.daemons import BenchError
from benches.report import OWN, quantity
from benches.stats import Aim

SHOWN = {"phys": "the C limit", "ganesha": "nfs-ganesha", "seaweedfs": "SeaweedFS", "mlflow": "MLflow"}


def render(folder: Path, names: Sequence[str]) -> str:
    """A table for each bench whose figures are in the folder. BenchError when none are."""
    documents = [json.loads(file.read_text()) for name in names if (file := folder / f"{name}.json").exists()]
    if not documents:
        raise BenchError(f"there are no figures in {folder} yet: run scripts/bench all")
    return "\n".join(line for document in documents for line in _bench(document))


def _bench(document: dict[str, Any]) -> Iterable[str]:
    rows = [row for row in document["rows"] if row["aims"]]
    peers = list(dict.fromkeys(aim["peer"] for row in rows for aim in row["aims"] if aim["peer"]))
    columns = ["", OWN, *(f"to {SHOWN.get(peer, peer)}" for peer in peers)]
    notes = document["notes"]
    yield f"`scripts/bench {document['bench']}` on {machine.sentence(document['machine'])}, over loopback:"
    yield f"medians of {notes['rounds']} rounds with {notes['data']}. In brackets the bound / what is wanted,"
    yield "bold what falls short of it."
    yield ""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cells(row, peers))} |"
    yield ""
    for key, reason in notes.items():
        if key.startswith("without "):
            yield f"Measured {key}: {reason.splitlines()[0]}\n"


def _cells(row: dict[str, Any], peers: Sequence[str]) -> list[str]:
    own = row["own"]
    aims = {aim["peer"]: aim for aim in row["aims"]}
    value = f"{quantity(row['medians'][own])}{'/s' if row['unit'] == 'calls/s' else ' ' + row['unit']}"
    return [
        row["title"] + ("" if own == OWN else f" ({own})"),
        _judged(value, aims.get(None)),
        *(
            _judged(f"{quantity(aims[peer]['figure'])} x", aims[peer]) if peer in aims else ""
            for peer in peers
        ),
    ]


def _judged(figure: str, aim: dict[str, Any] | None) -> str:
    if aim is None:
        return figure
    limits = Aim(aim["peer"], aim["bound"], aim["want"], aim["better"])
    return f"**{figure}** ({limits})" if aim["verdict"] == "short" else f"{figure} ({limits})"
