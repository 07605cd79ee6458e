"""Figures of our server alone: start, memory, cold listings, calls during an upload, growth to a million."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benches import dataset, peers
from benches.api import Api
from benches.load import Flow, Load
from benches.report import Row
from benches.stats import Aim

if TYPE_CHECKING:
    from benches.cli import Plan

UPLOAD_SHARE = 0.8  # of the upload's time, in which calls are measured: all of it under load
CATALOG = "catalog.sqlite3"
CLONED_RUN, CLONED_FILES = "run-0000", 1000
ID_STEP = 1 << 20  # between the ids of two clones; more than the rows of one run


def row(title: str, unit: str, values: list[float], bound: float, want: float, better: str = "less") -> Row:
    """A row of ours with an aim that is no ratio."""
    aim = Aim(None, bound, want, "less" if better == "less" else "more")
    return Row(title, unit, {"runfs": values}, (aim,))


def _getattr(load: Load, seconds: float) -> Flow:
    return load.say("run", op="getattr", seconds=seconds)


def cold(ours: peers.Peer, plan: Plan) -> list[Row]:
    """The daemon started anew each round: first reply, first listing from SQLite, GETATTR around it."""
    first_ms, listing_ms, kept = [], [], []
    seconds = 0.1 if plan.quick else 0.3
    for _ in range(plan.rounds):
        ours.stop()
        ours.start()
        first_ms.append(ours.started_s * 1e3)
        with ours.load(plan.programs) as load:
            load.share_one_processor(True)
            load.say("crawl", below="runs/run-0000")
            _getattr(load, seconds)
            before = _getattr(load, seconds).rate
            listing_ms.append(load.say("list", below=dataset.FLAT).seconds * 1e3)
            kept.append(_getattr(load, seconds).rate / before)
            load.share_one_processor(False)
    return [
        row("first NFS reply after start", "ms", first_ms, 400, 150),
        row("list 10,000 entries, cold from SQLite", "ms", listing_ms, 25, 12),
        row("GETATTR after listing 10,000 against before", "x", kept, 0.9, 0.97, "more"),
    ]


def memory(beside: dict[str, peers.Peer], data: Path, objects: int) -> Row:
    """What each server holds in memory after all rounds, without the pages of mapped data files."""
    held = {
        name: [peer.daemon.memory_mib(data if name == "runfs" else None)] for name, peer in beside.items()
    }
    return Row(
        f"memory with {objects:,} objects, after all rounds", "MiB", held, (Aim(None, 120, 64, "less"),)
    )


def during_upload(load: Load, api: Api, pattern: dataset.Pattern, plan: Plan, size: int) -> Row:
    """p99 of GETATTR, one in flight, during an upload through HTTP; the first upload is only timed."""
    load.share_one_processor(False)
    p99_us: list[float] = []
    upload_s = 0.0
    for number in range(plan.rounds + 1):
        run_id, file = f"upload-{number}", plan.work / "upload.bin"
        pattern.write(run_id, size, file)  # other bytes each time: what is stored already is not sent
        api.create_run(run_id)
        upload = api.announce(run_id, "large.bin", file)
        sender = threading.Thread(target=api.send, args=(upload, file))
        began = time.perf_counter()
        sender.start()
        if number:
            p99_us.append(_getattr(load, upload_s * UPLOAD_SHARE).p99_us)
        sender.join()
        upload_s = upload_s or time.perf_counter() - began
        api.register(run_id, upload)
    return row(f"p99 of GETATTR while {size >> 20:,} MiB are uploaded", "us", p99_us, 2000, 300)


def clone_run(database: Path, clones: int) -> None:
    """Multiplies the one run of a catalog by `clones`, in SQL: the same files under other names and ids.

    No daemon may have it open. Blobs are shared, as those of equal files are.
    """
    moved = {
        "filesets": ("id",),
        "runs": ("id", "fileset_id"),
        "entries": ("id", "fileset_id", "parent_id", "version_id"),
        "versions": ("id", "entry_id", "fileset_id"),
        "segments": ("version_id",),
    }
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE TEMP TABLE clone (step INTEGER)")
        db.executemany(
            "INSERT INTO clone VALUES (?)", [(number * ID_STEP,) for number in range(1, clones + 1)]
        )
        for table, ids in moved.items():
            columns = [str(column[1]) for column in db.execute(f"PRAGMA table_info({table})")]
            values = [_moved(column, column in ids, table) for column in columns]
            copied = f"SELECT {', '.join(values)} FROM clone, {table} AS old"
            db.execute(f"INSERT INTO {table} ({', '.join(columns)}) {copied}")


def _moved(column: str, is_id: bool, table: str) -> str:
    if is_id:  # 0 and NULL say "none"
        return f"CASE WHEN old.{column} > 0 THEN old.{column} + clone.step ELSE old.{column} END"
    if table == "runs" and column == "name":
        return f"'run-' || (clone.step / {ID_STEP})"
    return f"old.{column}"


def growth(plan: Plan) -> list[Row]:
    """The same calls with 1,000 files in the catalog and with 1,000,000, in turn."""
    clones = 99 if plan.quick else 999
    titles = {"getattr": "GETATTR", "lookup": "LOOKUP", "readdirplus": "one READDIRPLUS reply"}
    rates: dict[str, list[float]] = {op: [] for op in titles}
    with contextlib.ExitStack() as closing:
        loads = []
        for name, copies in (("small", 0), ("big", clones)):
            peer = _grown(plan, name, copies)
            closing.callback(peer.stop)
            peer.start()
            loads.append(closing.enter_context(peer.load(plan.programs)))
            loads[-1].say("crawl")
        for number in range(plan.rounds + 1):
            for op, ratios in rates.items():
                targets = 3 if op == "readdirplus" else CLONED_FILES
                small, big = (_spread(load, op, targets, 0.1 if plan.quick else 0.3) for load in loads)
                if number:  # in the first, both see their targets once
                    ratios.append(big / small)
        held = peer.daemon.memory_mib(plan.work / "big")
    files = (clones + 1) * CLONED_FILES
    return [
        *(
            row(f"{title} with {files:,} files against 1,000", "x", rates[op], 0.8, 0.95, "more")
            for op, title in titles.items()
        ),
        row(f"memory with {files:,} files in the catalog, after a crawl", "MiB", [held], 400, 200),
    ]


def _spread(load: Load, op: str, targets: int, seconds: float) -> float:
    load.share_one_processor(True)
    return load.say("run", op=op, targets=targets, below="runs/", size=8192, seconds=seconds).rate


def _grown(plan: Plan, name: str, clones: int) -> peers.Peer:
    """A stopped server over a catalog of one run of 1,000 small files, or of that many clones of it more."""
    data = plan.work / name
    peer, http_port = peers.runfs(plan.work, data)
    peer.start()
    api = Api(http_port, data)
    api.create_run(CLONED_RUN)
    api.upload_many(
        CLONED_RUN, {f"file-{number:04}.bin": b"%07d\n" % number for number in range(CLONED_FILES)}
    )
    api.finish_run(CLONED_RUN)
    peer.stop()
    if clones:
        clone_run(data / CATALOG, clones)
    return peer
