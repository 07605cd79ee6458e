"""Wireshark's dissector reads what we send: an implementation of the protocol that nobody here wrote."""

from __future__ import annotations

import asyncio
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from nfsd.nfs3 import types as t

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

RAW_IPV4 = 228
NFS_PORT = 2049
SATTR = t.sattr3(None, None, None, None, t.set_atime(t.time_how(0), None), t.set_mtime(t.time_how(0), None))


class Capture:
    """A capture file of one TCP connection, a segment a record."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._sent = [1, 1]

    def add(self, record: bytes, from_client: bool) -> None:
        """A record with its mark, cut into segments that IP can carry."""
        for at in range(0, len(record), 32_000):
            data = record[at : at + 32_000]
            ports = (1023, NFS_PORT) if from_client else (NFS_PORT, 1023)
            mine, theirs = self._sent if from_client else self._sent[::-1]
            tcp = struct.pack(">HHIIBBHHH", *ports, mine, theirs, 5 << 4, 0x18, 0xFFFF, 0, 0) + data
            address = (b"\x7f\0\0\2", b"\x7f\0\0\1") if from_client else (b"\x7f\0\0\1", b"\x7f\0\0\2")
            ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + b"".join(address)
            self._sent[0 if from_client else 1] += len(data)
            self._packets.append(ip + tcp)

    def write(self, path: Path) -> None:
        """As a pcap file."""
        head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, RAW_IPV4)
        body = [struct.pack("<IIII", 1, place, len(p), len(p)) + p for place, p in enumerate(self._packets)]
        path.write_bytes(head + b"".join(body))


async def tshark(path: Path, *options: str) -> str:
    made = await asyncio.create_subprocess_exec(
        *("tshark", "-n", "-r", str(path), "-o", "nfs.file_name_snooping:FALSE", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(made.communicate(), 60)
    assert made.returncode == 0
    return out.decode()


async def test_every_reply_is_understood(nfs: Any, tmp_path: Path) -> None:
    capture = Capture()
    answer = nfs.dispatch.answer

    def recorded(record: bytes, peer: Any) -> Any:
        capture.add((1 << 31 | len(record)).to_bytes(4, "big") + record, from_client=True)
        reply = answer(record, peer)
        assert isinstance(reply, list)
        capture.add(b"".join(reply), from_client=False)
        return reply

    nfs.dispatch.answer = recorded
    root, directory, file = await nfs.at(), await nfs.at("runs/r1"), await nfs.at("runs/r1/metadata.json")
    what = t.diropargs3(directory, b"new")
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("GETATTR", (file,)),
        ("SETATTR", (file, SATTR, None)),
        ("LOOKUP", (t.diropargs3(directory, b"metadata.json"),)),
        ("LOOKUP", (t.diropargs3(directory, b"missing"),)),
        ("ACCESS", (directory, 0x1F)),
        ("READLINK", (await nfs.at("sweeps/s1/runs/r1"),)),
        ("READ", (file, 1, 101)),
        ("WRITE", (file, 0, 1, t.stable_how.UNSTABLE, b"x")),
        ("CREATE", (what, t.createhow3(t.createmode3.GUARDED, SATTR))),
        ("MKDIR", (what, SATTR)),
        ("SYMLINK", (what, t.symlinkdata3(SATTR, b"x"))),
        ("MKNOD", (what, t.mknoddata3(t.ftype3.NF3FIFO, SATTR))),
        ("REMOVE", (what,)),
        ("RMDIR", (what,)),
        ("RENAME", (what, what)),
        ("LINK", (file, what)),
        ("READDIR", (directory, 0, bytes(8), 4096)),
        ("READDIRPLUS", (directory, 0, bytes(8), 4096, 4096)),
        ("FSSTAT", (root,)),
        ("FSINFO", (root,)),
        ("PATHCONF", (root,)),
        ("COMMIT", (file, 0, 0)),
    ]
    expected = [(await nfs.result(name, *args)).discriminant for name, args in calls]
    expected += [(await nfs.result(name, *args)).discriminant for name, args in calls]  # now the fast way
    capture.write(tmp_path / "calls.pcap")
    assert (
        await tshark(tmp_path / "calls.pcap", "-Y", "_ws.malformed || _ws.expert.severity == 8388608") == ""
    )
    fields = ("-T", "fields", "-e", "nfs.procedure_v3", "-e", "nfs.status3")
    said = await tshark(tmp_path / "calls.pcap", "-Y", "nfs && rpc.msgtyp == 1", *fields)
    numbers = {row.name: number for number, row in nfs.program.table.items()}
    assert said.splitlines() == [
        f"{numbers[name]}\t{int(status)}" for (name, _), status in zip(calls * 2, expected, strict=True)
    ]
    names = await tshark(tmp_path / "calls.pcap", "-Y", "nfs.procedure_v3 == 17 && rpc.msgtyp == 1", "-V")
    for name in ("metadata.json", "history.jsonl", "output.log", "files"):
        assert f"Name: {name}" in names
