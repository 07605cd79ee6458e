"""Runs in the guest as its first process: executes what the tests ask for, one connection a command.

A request is one JSON line, {"script": ..., "arguments": [...]}, the script for bash. The answer is a JSON
line, {"status": ..., "size": ...}, then the output, standard error included. A command whose asker goes
away is killed, with all that it started in its session.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PORT = 7


def answer(connection: socket.socket) -> None:
    with connection, connection.makefile("rb") as lines, tempfile.TemporaryFile() as output:
        request = json.loads(lines.readline())
        argv = ["bash", "-c", request["script"], "bash", *request["arguments"]]
        command = subprocess.Popen(argv, stdout=output, stderr=output, start_new_session=True)
        ended = os.pidfd_open(command.pid)
        ready, _, _ = select.select([connection, ended], [], [])
        os.close(ended)
        if connection in ready:  # nothing more is ever sent: the asker has gone
            os.killpg(command.pid, signal.SIGKILL)
        status = command.wait()
        output.seek(0)
        text = output.read()
        connection.sendall(json.dumps({"status": status, "size": len(text)}).encode() + b"\n" + text)


def main(address: str) -> None:
    with socket.create_server((address, PORT), backlog=64) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1])
