"""nginx and SeaweedFS are set up to listen on 127.0.0.1 alone, each on ports of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benches import http_peers


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_peers, "program", lambda name, package: f"/usr/bin/{name}")


def test_nginx_writes_only_into_its_folder(tmp_path: Path) -> None:
    peer = http_peers.nginx(tmp_path)
    config = (tmp_path / "nginx" / "nginx.conf").read_text()
    assert f"listen 127.0.0.1:{peer.port};" in config
    paths = [word.rstrip(";") for word in config.split() if word.startswith("/")]
    assert paths[0] != "/"
    assert all(path == "/" or path.startswith(str(tmp_path)) for path in paths)


def test_seaweedfs_tells_nobody_and_listens_on_nothing_fixed(tmp_path: Path) -> None:
    peer = http_peers.seaweedfs(tmp_path)
    argv = peer.daemon.argv
    assert {"-master.telemetry=false", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.port={peer.port}"} <= set(
        argv
    )
    ports = [word.partition("=")[2] for word in argv if ".port" in word]
    used = [port for port in ports if port != "0"]
    assert len(set(used)) == len(used) == 10
    (identity,) = json.loads((tmp_path / "seaweedfs" / "s3.json").read_text())["identities"]
    assert identity["credentials"] == [
        {"accessKey": http_peers.ACCESS_KEY, "secretKey": http_peers.SECRET_KEY}
    ]


def test_a_url_is_signed_for_one_object(tmp_path: Path) -> None:
    peer = http_peers.seaweedfs(tmp_path)
    url = peer.signed("PUT", "a b")
    assert url.startswith(f"http://127.0.0.1:{peer.port}/{http_peers.BUCKET}/a%20b?")
    assert "X-Amz-Signature=" in url
    assert http_peers.SECRET_KEY not in url
