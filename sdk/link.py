"""The training process's end of the pipes to its keeper: start it, hear its reports, tell it the run's end.

A thread waits for reports and prints warnings. If the keeper dies, nothing is lost: the spool and its ledger
are on disk, and another keeper is started at the latest when the run ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

from .errors import Error

if TYPE_CHECKING:
    import subprocess

KEY_VARIABLE = "RUNFS_KEEPER_KEY"  # the same word as in keeper.main, which is never imported here
EXIT_S = 5.0  # after its last report
# -P and this order keep a training script's own json.py, or folder named sdk, out of the keeper.
START = """
import json, os, sys
root, others = sys.argv[1], json.loads(sys.argv[2])
sys.path.insert(0, root)
sys.path += [path for path in others if path not in sys.path]
from sdk.keeper.main import main
status = main(sys.argv[3:])
sys.stdout.flush()
os._exit(status)
"""


class Link:
    """One keeper for one spool."""

    def __init__(
        self, folder: str, url: str, key: str | None, patience_s: float, say: Callable[[str], None]
    ) -> None:
        self._arguments = [folder, str(os.getpid()), url, str(patience_s)]
        self._log = os.path.join(folder, "keeper.log")
        self._key = key
        self._say = say
        self._change = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._ended = False  # the process is gone, or has closed its output
        self._begun = False  # `wait_begun` has returned: news is said when it comes
        self.run: dict[str, Any] | None = None  # the server's answer to the run's creation
        self.refused: str | None = None
        self.unreachable: str | None = None  # why the server cannot be reached now
        self.progress: dict[str, Any] = {}
        self.artifacts: dict[int, dict[str, Any]] = {}  # what became of those that were logged, by number
        self.outcome: dict[str, Any] | None = None  # its last report, when it has done what it could

    def start(self) -> None:
        """Start a keeper; Error if that cannot be, and then the spool waits for `sync`."""
        import subprocess

        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        paths = json.dumps([os.path.abspath(path) for path in sys.path])
        environment = dict(os.environ)
        if self._key:
            environment[KEY_VARIABLE] = self._key
        self._ended = False
        try:
            with open(self._log, "ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", START, root, paths, *self._arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=environment,
                    cwd=os.path.abspath(os.sep),
                    text=True,
                    start_new_session=True,
                )
            output = self._process.stdout
            threading.Thread(target=self._listen, args=(output,), name="runfs-keeper", daemon=True).start()
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread begins while the interpreter ends
            self._ended = True
            raise Error(f"the process that sends the run's data cannot be started: {error}") from error

    def _listen(self, reports: IO[str]) -> None:
        with reports:
            for line in reports:
                try:
                    report = json.loads(line)
                except ValueError:
                    continue  # something that was imported there printed a line
                with self._change:
                    self._take(report)
                    self._change.notify_all()
        with self._change:
            self._ended = True
            self._change.notify_all()

    def _take(self, report: Mapping[str, Any]) -> None:
        kind = report["is"]
        if kind == "ready":
            self.run = report["run"]
        elif kind == "refused":
            self.refused = report["why"]
            if self._begun:
                self._say(f"the server refuses this run: {self.refused}; it is kept on disk")
        elif kind == "unreachable":
            self.unreachable = report["why"]
            if self._begun:
                self._say(f"{self.unreachable}; the run goes on, and what it logs is kept on disk")
        elif kind == "reachable":
            self.unreachable = None
        elif kind == "warning":
            self._say(report["text"])
        elif kind == "artifact":
            self.artifacts[report["number"]] = dict(report)
        elif kind == "progress":
            self.progress = dict(report)
        elif kind == "done":
            self.outcome = dict(report)

    def wait_begun(self, timeout_s: float) -> None:
        """Wait until the server has answered, refused or could not be reached, or the keeper has died."""
        with self._change:
            self._change.wait_for(
                lambda: self.run or self.refused or self.unreachable or self._ended, timeout_s
            )
            self._begun = True

    def wait_artifact(self, number: int, timeout_s: float | None) -> dict[str, Any] | None:
        """What became of an artifact; None if that is not known in time, or the keeper has ended before."""
        with self._change:
            self._change.wait_for(lambda: number in self.artifacts or self._ended, timeout_s)
            return self.artifacts.get(number)

    def finish(self) -> None:
        """Say that the run has ended; the spool must be complete. Starts a keeper if there is none."""
        if self.refused:
            return
        if self._process is None or self._ended:
            self._reap()
            self.start()
        orders = self._process.stdin if self._process else None
        if orders is None:
            return
        try:
            with orders:
                orders.write("finish\n")
        except OSError:
            pass  # it died just now: `wait_done` says so

    def wait_done(self, timeout_s: float) -> bool:
        """Wait for its last report; whether there is nothing more to wait for."""
        with self._change:
            return bool(self._change.wait_for(lambda: self.outcome or self._ended, timeout_s))

    def close(self) -> None:
        """Let go of the keeper, which ends by itself."""
        self._reap()

    def _reap(self) -> None:
        import subprocess

        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(EXIT_S if self._ended or self.outcome else 0)
        except subprocess.TimeoutExpired:
            # It works on without us, and init takes it over: Popen must not warn of it.
            process.returncode = 0

    def let_go(self) -> None:
        """In a forked child: the keeper belongs to the parent."""
        if self._process is not None:
            self._process.returncode = 0
            if self._process.stdin:
                with contextlib.suppress(OSError, ValueError):
                    os.close(self._process.stdin.fileno())
