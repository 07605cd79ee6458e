"""A real Linux kernel as NFS client, for tests: user-mode Linux, booted once, driven command by command.

The guest's `localhost` is 127.0.0.1 of a network namespace that holds nothing else. `Machine.network()`
puts the calling thread there for a while: a daemon started or a socket made inside it meets the guest, on
real ports such as 111 and 2049, and nothing of the host is touched. The guest sees the host's files; what
it writes among them is thrown away.

A guest with a number is a machine of its own instead, 10.77.0.NUMBER, with its own portmapper and status
monitor; the namespace is then the `server`, 10.77.0.1. Several of them may be in one namespace.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
AGENT_PORT = 7
BOOT_LIMIT_S = 60.0
CONSOLE_SHOWN = 4000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """What keeps a guest from running here, with its remedy; None when nothing does."""
    if os.geteuid() != 0:
        return "only root may make the network namespace of the kernel client"
    for program, package in (
        ("linux.uml", "user-mode-linux"),
        ("mount.nfs", "nfs-common"),
        ("ip", "iproute2"),
        ("insmod", "kmod"),
        ("gcc", "gcc"),
        ("unshare", "util-linux"),
    ):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            return f"{program} is not installed (Debian: apt-get install {package})"
    if not Path("/dev/net/tun").is_char_device():
        return "there is no /dev/net/tun"
    return None


@dataclass(frozen=True)
class Result:
    """How a command in the guest ended: its exit status and its output, standard error included."""

    status: int
    output: bytes

    @property
    def text(self) -> str:
        """The output as text, without its last newline."""
        return self.output.decode("utf-8", "surrogateescape").removesuffix("\n")


class Machine:
    """One running guest. Commands run as root, in bash, from any number of threads, once it is `ready`."""

    def __init__(
        self, memory: str = "768M", number: int | None = None, beside: Machine | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="runfs-kernel-"))
        self.log = self.folder / "console"
        preload = self.folder / "xstate.so"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", preload, HERE / "xstate.c"], check=True)
        processors = sorted(os.sched_getaffinity(0))
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # each has a guest
        self._processor = processors[-1 - ((number or 0) + worker) % len(processors)]
        self._agent = (f"10.77.0.{number}" if number else "127.0.0.2", AGENT_PORT)
        self._arguments = [str(self.folder), memory, str(preload), str(number or "")]
        self._namespace = os.dup(beside._namespace) if beside else _new_namespace()
        self._threads = ThreadPoolExecutor(16)
        self.boot()

    def boot(self) -> None:
        """Start the guest; after `kill` it is the same machine, started again. Its network is up at once."""
        (self.folder / "network").unlink(missing_ok=True)
        # A guest's kernel and its programs take turns: waking the other costs a third less on one processor.
        pinned = ["taskset", "--cpu-list", str(self._processor)]
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"]
        with self.network(), self.log.open("wb") as log:
            self._guest = subprocess.Popen(
                [*pinned, *namespaces, HERE / "namespace", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        self._await((self.folder / "network").exists)

    def ready(self) -> None:
        """Wait until the guest has booted."""
        self._await(self._answers)

    def _await(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + BOOT_LIMIT_S
        while not condition():
            if self._guest.poll() is not None or time.monotonic() > deadline:
                self._guest.kill()
                console = self.log.read_text(errors="replace")
                raise RuntimeError("the guest did not start:\n" + console[-CONSOLE_SHOWN:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return self.run("true", limit_s=5).status == 0
        except OSError:
            return False

    @contextmanager
    def network(self) -> Iterator[None]:
        """Have the calling thread, what it starts and its new sockets in the guest's network."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _enter(self._namespace)
            try:
                yield
            finally:
                _enter(before)
        finally:
            os.close(before)

    def run(self, script: str, *arguments: str, limit_s: float = 60.0) -> Result:
        """Run a bash script in the guest. Raises TimeoutError, and kills it there, when it takes too long."""
        with self.network():
            connection = socket.create_connection(self._agent, timeout=limit_s)
        with connection, connection.makefile("rb") as answer:
            connection.sendall(json.dumps({"script": script, "arguments": arguments}).encode() + b"\n")
            head = json.loads(answer.readline())
            return Result(head["status"], answer.read(head["size"]))

    def sh(self, script: str, *arguments: str, limit_s: float = 60.0) -> str:
        """As `run`, but gives the output's text and fails unless the status is 0."""
        result = self.run(script, *arguments, limit_s=limit_s)
        assert result.status == 0, f"status {result.status} of {script!r} {arguments}:\n{result.text}"
        return result.text

    def start(self, script: str, *arguments: str, limit_s: float = 60.0) -> Future[Result]:
        """As `run`, without waiting for the end."""
        return self._threads.submit(self.run, script, *arguments, limit_s=limit_s)

    def kill(self) -> None:
        """End the guest at once, as if its power went."""
        self._guest.kill()
        self._guest.wait()

    def stop(self) -> None:
        """End the guest and remove what it left."""
        self.kill()
        os.close(self._namespace)
        self._threads.shutdown(wait=False, cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def die_with_parent() -> None:
    """For a child between fork and exec: the kernel kills it when its parent dies, however that happens."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _new_namespace() -> int:
    """A network namespace in which nobody is; it is there for as long as somebody has it open."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        made = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _enter(before)
        return made
    finally:
        os.close(before)


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
