"""The data that all servers serve: 1,000 runs of five small files, a directory of 10,000, one file of 1 GiB.

It is made through our own HTTP API and read back through our own NFS view into a folder for the others, so
that all serve the same names, the same bytes and the same metadata.json.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nfs_rs

from benches import peers
from benches.api import Api

if TYPE_CHECKING:
    from benches.cli import Plan

FLAT_RUN, LARGE_RUN = "flat", "large"
FLAT = f"runs/{FLAT_RUN}/files"
LARGE = f"runs/{LARGE_RUN}/files/large.bin"
FLAT_FILE_BYTES = 64
SMALL_FILE_BYTES = (4096, 5120, 6144, 7168, 8192)
RUNS_AT_ONCE = 4
COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """How much of each."""

    runs: int = 1000
    flat_files: int = 10_000
    large_mib: int = 1024

    @property
    def large_bytes(self) -> int:
        """Size of the one large file."""
        return self.large_mib << 20


QUICK = Shape(runs=100, large_mib=64)  # the listing is as long: its figure depends on that most


class Pattern:
    """The contents of data files, as c/wire.h has them: by the file's path under the mount."""

    def __init__(self, programs: Path) -> None:
        self._writer = subprocess.Popen(
            [str(programs / "pattern")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def read(self, path: str, size: int) -> bytes:
        """The whole of a small file."""
        return b"".join(self.pieces(path, size))

    def pieces(self, path: str, size: int) -> Iterator[bytes]:
        """The contents of a file of any size, a multiple of 8 bytes, in pieces of up to 1 MiB."""
        assert self._writer.stdin
        assert self._writer.stdout
        self._writer.stdin.write(f"{size} {path}\n".encode())
        self._writer.stdin.flush()
        while size:
            piece = self._writer.stdout.read(min(size, COPY_BYTES))
            yield piece
            size -= len(piece)

    def write(self, path: str, size: int, to: Path) -> None:
        """The contents of a file, into a local one."""
        with to.open("wb") as file:
            file.writelines(self.pieces(path, size))

    def close(self) -> None:
        """Ends the writer."""
        assert self._writer.stdin
        self._writer.stdin.close()
        self._writer.wait()


def small_files(shape: Shape) -> Iterator[tuple[str, dict[str, int]]]:
    """Each run but that of the large file, with its files: their sizes by their paths in files/."""
    for number in range(shape.runs):
        yield f"run-{number:04}", {f"file-{which}.bin": size for which, size in enumerate(SMALL_FILE_BYTES)}
    yield FLAT_RUN, {f"entry-{number:05}.bin": FLAT_FILE_BYTES for number in range(shape.flat_files)}


def make(api: Api, shape: Shape, pattern: Pattern, large: Path) -> None:
    """Fills our server through its HTTP API; `large` is left behind as a local copy of the large file."""

    def fill(run: str, files: dict[str, bytes]) -> None:
        api.create_run(run, config={"seed": len(files)})
        api.upload_many(run, files)
        api.finish_run(run)

    with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        filled = []
        for run, sizes in small_files(shape):
            contents = {path: pattern.read(f"runs/{run}/files/{path}", size) for path, size in sizes.items()}
            filled.append(pool.submit(fill, run, contents))
            if len(filled) == 1:
                filled[0].result()  # alone: it makes the project
        for answer in filled:
            answer.result()
    pattern.write(LARGE, shape.large_bytes, large)
    api.create_run(LARGE_RUN)
    api.upload_file(LARGE_RUN, "large.bin", large)
    api.finish_run(LARGE_RUN)


def make_and_copy(plan: Plan, shape: Shape, data: Path, folder: Path) -> int:
    """The data set in our data folder, with our daemon stopped, and as a plain folder: how many objects."""
    ours, http_port = peers.runfs(plan.work, data)
    with ours.daemon, contextlib.closing(Pattern(plan.programs)) as pattern:
        ours.start()
        make(Api(http_port, data), shape, pattern, plan.work / "large.bin")
        return copy(ours.port, folder)


def copy(port: int, to: Path) -> int:
    """Copies what our server shows under /runs, through an NFS client nobody here wrote: how many objects."""
    with nfs_rs.Client.connect(f"nfs://127.0.0.1/?nfsport={port}&mountport={port}") as client:
        return _copy_directory(client, "/runs", to / "runs")


def _copy_directory(client: nfs_rs.Client, path: str, to: Path) -> int:
    to.mkdir(parents=True)
    objects = 1
    for entry in client.scandir(path):
        if entry.name in (".", ".."):
            continue
        inner = f"{path}/{entry.name}"
        if entry.info.type == nfs_rs.FileType.DIRECTORY:
            objects += _copy_directory(client, inner, to / entry.name)
            continue
        objects += 1
        with client.open(inner) as source, (to / entry.name).open("wb") as file:
            while piece := source.read(COPY_BYTES):
                file.write(piece)
    return objects
