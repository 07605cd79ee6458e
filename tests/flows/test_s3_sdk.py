"""Training scripts that save into a daemon over S3: what goes where, and what is left of it at the end."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from over_s3 import OverS3, nfs_read
from s3_fixtures import BUCKET
from s3_proxy import Fault, S3Proxy, Seen
from seaweed import Seaweed

from store.blobs import OWNER

ROOT = Path(__file__).absolute().parents[2]
MIB = 1024 * 1024
PART = 5 * MIB  # the least that S3 takes
PARTS_FROM = 8 * MIB


@pytest.fixture
def script(over_s3: OverS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Start a script of a user whose server is the daemon; large files come in small parts."""
    monkeypatch.setattr("httpapi.intake.ONE_PUT_MAX_BYTES", PARTS_FROM)
    monkeypatch.setattr("httpapi.intake.PART_BYTES", PART)
    (tmp_path / "work").mkdir()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("RUNFS_")}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "RUNFS_URL": over_s3.url,
        "RUNFS_DATA": str(over_s3.data),
        "RUNFS_PROJECT": "team/vision",
    }

    async def start(text: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", textwrap.dedent(text)),
            cwd=tmp_path / "work",
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    return start


async def end(process: asyncio.subprocess.Process) -> str:
    """What it printed; it must not fail."""
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return out.decode()


def by_clients(seen: list[Seen]) -> list[Seen]:
    """Requests of bytes that the SDK made itself, with signed URLs."""
    return [each for each in seen if "X-Amz-Signature" in each.query and each.method in ("GET", "PUT")]


async def counted(over_s3: OverS3, name: str) -> int:
    text = (await over_s3.ask("GET", "/metrics")).data.decode()
    (line,) = [line for line in text.splitlines() if line.startswith(f"runfs_http_{name}_bytes_total ")]
    return int(float(line.split()[1]))


async def sums(over_s3: OverS3, run: str) -> dict[str, str | None]:
    answer = (await over_s3.ask("GET", f"/runs/{run}/files")).json()
    return {item["path"]: item["sha256"] for item in answer["items"]}


def objects(seaweed: Seaweed, over_s3: OverS3) -> list[str]:
    """The keys of blobs that the daemon has in the bucket, and of its multipart uploads."""
    prefix = over_s3.blobs.partition("?")[0].rpartition("/")[2]
    client = seaweed.client()
    found = client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    begun = client.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix).get("Uploads", [])
    return [each["Key"] for each in [*found, *begun] if each["Key"] != f"{prefix}/{OWNER}"]


async def test_a_whole_life(over_s3: OverS3, proxy: S3Proxy, seaweed: Seaweed, script: Any) -> None:
    """Saved small, large and in parts; growing; as an artifact; read, downloaded, deleted and collected."""
    train = await script(f"""
        import os, sdk
        sizes = {{"small": 1000, "one": {3 * MIB}, "parts": {12 * MIB + 5}, "empty": 0}}
        for name, size in sizes.items():
            open(name, "wb").write(os.urandom(size))
        open("live", "wb").write(b"begun\\n")
        open("model", "wb").write(os.urandom({2 * MIB}))
        with sdk.init(id="s3") as run:
            run.save("live", base_path=".")
            for name in sizes:
                run.save(name, base_path=".", policy="now")
            print("saved", flush=True)
            for number in range(3):
                with open("live", "ab") as file:
                    file.write(b"line %d\\n" % number)
                input()
            run.log_artifact("model", name="model", type="model")
    """)
    assert await train.stdout.readline() == b"saved\n"
    work = over_s3.data.parent / "work"
    for number in range(3):
        expected = b"begun\n" + b"".join(b"line %d\n" % each for each in range(number + 1))
        await until(lambda wanted=expected: shows(over_s3, "s3", "live", wanted))  # as `tail -f` would see it
        train.stdin.write(b"\n")
        await train.stdin.drain()
    await end(train)
    names = ("small", "one", "parts", "empty")
    # A file that has grown has no hash before it rests.
    assert await sums(over_s3, "s3") == {name: sha256(work / name) for name in names} | {"live": None}
    # Large bytes went straight to S3, each once: the daemon has never held them.
    sent = by_clients(proxy.passed())
    assert sorted(each.sent for each in sent) == sorted([3 * MIB, PART, PART, 2 * MIB + 5, 2 * MIB])
    assert await counted(over_s3, "received") < 2000

    fetch = await script("""
        import sdk
        run = sdk.Api().run("team/vision/s3")
        for file in run.files():
            file.download("down")
        with sdk.init(id="user") as user:
            print(user.use_artifact("model:latest").download("artifact"))
    """)
    await end(fetch)
    for name in (*names, "live"):
        assert sha256(work / "down" / name) == sha256(work / name)
    assert sha256(work / "artifact" / "model") == sha256(work / "model")

    for run in ("s3", "user"):
        assert (await over_s3.ask("DELETE", f"/runs/{run}")).status == 204
    assert (await over_s3.ask("POST", "/collect", {"now": True})).json()["orphans"] == 0
    assert len(objects(seaweed, over_s3)) == 1  # the artifact's
    assert (await over_s3.ask("DELETE", "/projects/team/vision")).status == 204
    assert (await over_s3.ask("POST", "/collect", {"now": True})).status == 200
    assert objects(seaweed, over_s3) == []


async def shows(over_s3: OverS3, run: str, path: str, expected: bytes) -> bool:
    async with await over_s3.mounted() as client:
        return await nfs_read(client, path, run) == expected


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so."""
    for _ in range(3000):
        if await question():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to be")


def children(process_id: int) -> list[int]:
    """The ids of a process's children: of a script, that is its keeper."""
    return [int(text) for text in Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()]


@pytest.mark.parametrize("parts", [4, 14])
async def test_a_killed_upload_goes_on(
    over_s3: OverS3, proxy: S3Proxy, seaweed: Seaweed, script: Any, parts: int
) -> None:
    """kill -9 of script and keeper while parts are on their way: only those that miss are sent again.

    Fourteen are more than 64 MiB: these the SDK sends before it knows their hash.
    """
    content = os.urandom(parts * PART)
    (over_s3.data.parent / "work" / "large").write_bytes(content)
    proxy.rule = lambda seen: Fault.HANG if seen.query.get("partNumber") in ("2", "4") else None
    train = await script("""
        import sdk
        run = sdk.init(id="killed")
        run.save("large", base_path=".", policy="now")
        input()
    """)
    await asyncio.to_thread(proxy.wait_hanging, 2)

    async def others_arrived() -> bool:
        return sum(seen.status == 200 for seen in by_clients(list(proxy.seen))) == parts - 2

    await until(others_arrived)
    for process in (train.pid, *children(train.pid)):
        os.kill(process, signal.SIGKILL)
    await train.wait()
    proxy.heal()
    first = by_clients(proxy.passed())
    assert await sums(over_s3, "killed") == {}
    states = "['running']"
    while states == "['running']":  # the killed may still be dying, with the spool in hand
        sync = await script("from sdk.syncing import sync; print([each.state for each in sync()])")
        states = (await end(sync)).strip()
    assert states == "['sent']"
    second = by_clients(proxy.passed())
    arrived = {int(each.query["partNumber"]) for each in first if each.status == 200}
    assert arrived == set(range(1, parts + 1)) - {2, 4}
    assert sorted(each.query["partNumber"] for each in second) == ["2", "4"]
    assert await sums(over_s3, "killed") == {"large": hashlib.sha256(content).hexdigest()}
    assert len(objects(seaweed, over_s3)) == 1
    again = await script("""
        import sdk
        with sdk.init(id="again") as run:
            run.save("large", base_path=".", policy="now")
    """)
    await end(again)
    assert await sums(over_s3, "again") == await sums(over_s3, "killed")
    assert (await over_s3.ask("POST", "/collect", {"now": True})).status == 200
    assert len(objects(seaweed, over_s3)) == 1  # what was begun before the hash was known is gone


@pytest.mark.parametrize("fault", [Fault.E500, Fault.E503_LATER, Fault.RESET], ids=lambda fault: fault.name)
async def test_s3_that_fails_for_a_while(over_s3: OverS3, proxy: S3Proxy, script: Any, fault: Fault) -> None:
    """The script goes on meanwhile, and nothing has to be started again."""
    work = over_s3.data.parent / "work"
    (work / "one").write_bytes(os.urandom(3 * MIB))
    proxy.rule = lambda seen: fault if seen.method == "PUT" else None
    train = await script("""
        import sdk
        with sdk.init(id="patient") as run:
            run.save("one", base_path=".", policy="now")
            run.log({"loss": 1})
            print("goes on", flush=True)
            input()
    """)
    assert await train.stdout.readline() == b"goes on\n"

    async def tried_again() -> bool:
        return sum(seen.fault is fault for seen in list(proxy.seen)) > 2

    await until(tried_again)
    assert await sums(over_s3, "patient") == {}
    proxy.heal()
    train.stdin.write(b"\n")
    await end(train)
    assert await sums(over_s3, "patient") == {"one": sha256(work / "one")}


async def test_urls_that_expire_under_way(over_s3: OverS3, proxy: S3Proxy, script: Any) -> None:
    """A large file may take longer than its URLs are good for: while parts arrive, more are asked for."""
    (over_s3.data.parent / "work" / "large").write_bytes(os.urandom(4 * PART))
    taken: set[str] = set()

    def expired(seen: Seen) -> Fault | None:
        """Each batch of URLs is good for one part."""
        number = seen.query.get("partNumber")
        if seen.method != "PUT" or number is None:
            if seen.method == "GET" and "uploadId" in seen.query:
                taken.clear()
            return None
        taken.add(number)
        return None if min(taken) == number and len(taken) == 1 else Fault.E403

    proxy.rule = expired
    train = await script("""
        import sdk
        with sdk.init(id="slow") as run:
            run.save("large", base_path=".", policy="now")
    """)
    await end(train)
    work = over_s3.data.parent / "work"
    assert await sums(over_s3, "slow") == {"large": sha256(work / "large")}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
