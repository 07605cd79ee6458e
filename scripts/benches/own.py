"""Figures of our server alone: start, memory, listings and what follows, calls during an upload, growth."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
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
TURNS = 5  # of two servers that are compared, within a round
ONE_RUN = "runs/run-0000"
WARM_S = 0.3
CLONED_RUN, CLONED_FILES = "run-0000", 1000
ID_STEP = 1 << 20  # between the ids of two clones; more than the rows of one run


def row(title: str, unit: str, values: list[float], bound: float, want: float, better: str = "less") -> Row:
    """A row of ours with an aim that is no ratio."""
    aim = Aim(None, bound, want, "less" if better == "less" else "more")
    return Row(title, unit, {"runfs": values}, (aim,))


def _getattr(load: Load, seconds: float) -> Flow:
    return load.say("run", op="getattr", seconds=seconds)


def _in_turn(one: Load, other: Load, rate: Callable[[Load], float]) -> float:
    """One rate against the other: the median of TURNS ratios, each of two measured in a row."""
    ratios = []
    for turn in range(TURNS):
        pair = (one, other) if turn % 2 else (other, one)
        rates = {load: rate(load) for load in pair}
        ratios.append(rates[one] / rates[other])
    return median(ratios)


def cold(ours: peers.Peer, plan: Plan) -> list[Row]:
    """The daemon started anew each round: first reply, and first listing from SQLite once it has settled."""
    first_ms, listing_ms = [], []
    for _ in range(plan.rounds):
        ours.stop()
        ours.start()
        first_ms.append(ours.started_s * 1e3)
        ours.daemon.settle()
        with ours.load(plan.programs) as load:
            load.share_one_processor(True)
            load.say("crawl", below=ONE_RUN)
            _getattr(load, WARM_S)  # the interpreter has met the calls
            listing_ms.append(load.say("list", below=dataset.FLAT).seconds * 1e3)
            load.share_one_processor(False)
    return [
        row("first NFS reply after start", "ms", first_ms, 400, 150),
        row("list 10,000 entries, cold from SQLite", "ms", listing_ms, 25, 12),
    ]


def after_listing(plan: Plan, data: Path) -> Row:
    """GETATTR of a daemon that has listed 10,000 entries against a twin that has not, asked in turn.

    Before and after in one daemon would be two moments, and the machine is not the same in both. Which of the
    two lists changes by round. No daemon may have `data` open.
    """
    twin = plan.work / "twin"
    shutil.copytree(data, twin, ignore=shutil.ignore_patterns("blobs"))
    (twin / "blobs").symlink_to(data / "blobs")
    seconds = 0.05 if plan.quick else 0.1
    kept = []
    for number in range(plan.rounds):
        with contextlib.ExitStack() as closing:
            pair = []
            for folder in (data, twin):
                peer, _ = peers.runfs(plan.work, folder)
                closing.callback(peer.stop)
                peer.start()
                peer.daemon.settle()
                pair.append(closing.enter_context(peer.load(plan.programs)))
                pair[-1].share_one_processor(True)
                pair[-1].say("crawl", below=ONE_RUN)
            lists, rests = pair[number % 2], pair[1 - number % 2]
            for load in pair:
                _getattr(load, WARM_S)
            lists.say("list", below=dataset.FLAT)
            kept.append(_in_turn(lists, rests, lambda load: _getattr(load, seconds).rate))
    return row("GETATTR after listing 10,000 entries against without", "x", kept, 0.9, 0.97, "more")


def memory(beside: dict[str, peers.Peer], work: Path, objects: int) -> Row:
    """What each server holds in memory after all rounds, without the pages of mapped files below `work`."""
    held = {name: [peer.daemon.memory_mib(work)] for name, peer in beside.items()}
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
                ratio = _in_turn(loads[1], loads[0], partial(_spread, op, 0.05 if plan.quick else 0.1))
                if number:  # in the first, both see their targets once
                    ratios.append(ratio)
        held = peer.daemon.memory_mib(plan.work / "big")
    files = (clones + 1) * CLONED_FILES
    return [
        *(
            row(f"{title} with {files:,} files against 1,000", "x", rates[op], 0.8, 0.95, "more")
            for op, title in titles.items()
        ),
        row(f"memory with {files:,} files in the catalog, after a crawl", "MiB", [held], 400, 200),
    ]


def _spread(op: str, seconds: float, load: Load) -> float:
    targets = 3 if op == "readdirplus" else CLONED_FILES
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
