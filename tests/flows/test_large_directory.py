"""A directory of 100,000 files lists completely, each name once, while entries come and go."""

from __future__ import annotations

from pathlib import Path

from nfsd.client import Client
from nfsd.mount3.program import Mount3
from nfsd.nfs3.program import NFS3
from nfsd.rpc import Dispatch, Server
from nfsd.tree.networks import Networks
from nfsd.tree.tree import Tree
from store.blobs import LocalBlobs
from store.catalog import Catalog, Transaction, entries, projects, runs
from store.uploads import Content, Uploads

FILES = 100_000


async def fill(tx: Transaction) -> int:
    """A run with that many empty files; gives its fileset."""
    project = await projects.ensure(tx, "team", "vision")
    fileset_id = (await runs.create(tx, project.id, "r")).fileset_id
    names = [f"file-{number:06}" for number in range(FILES)]
    await tx.many(
        "INSERT INTO entries (fileset_id, parent_id, name, path, version_id, created_ns, changed_ns)"
        " VALUES (?, 0, ?, ?, ?, 1, 1)",
        [(fileset_id, name, name, number) for number, name in enumerate(names, 1)],
    )
    await tx.many(
        "INSERT INTO versions (entry_id, fileset_id, number, size, content_type, created_ns, changed_ns)"
        " VALUES (?, ?, 1, 0, '', 1, 1)",
        [(number, fileset_id) for number in range(1, FILES + 1)],
    )
    return fileset_id


async def test_100000_files(tmp_path: Path) -> None:
    catalog = await Catalog.open(tmp_path / "catalog", poll_s=None)
    blobs = LocalBlobs(tmp_path / "blobs")
    fileset_id = await catalog.write(fill)
    uploads = Uploads(catalog, blobs)
    tree = Tree(catalog, Content(catalog.direct, blobs))
    networks = Networks()
    server = Server(Dispatch([NFS3(tree, networks), Mount3(tree, networks)]))
    port = await server.listen_tcp("127.0.0.1", 0)
    gone: set[str] = set()
    seen: list[str] = []
    async with await Client.mount("127.0.0.1", port) as client:
        async for entry in client.list(await client.walk("/runs/r/files")):
            seen.append(entry.name)
            if len(seen) % 20_000 == 0:
                number = FILES - 1 - len(seen) // 20_000  # not listed yet
                found = await entries.by_path(catalog.direct, fileset_id, f"file-{number:06}")
                passed = await entries.by_path(catalog.direct, fileset_id, seen[-2])
                assert found is not None
                assert passed is not None
                await uploads.delete([found.entry.id, passed.entry.id])
                gone.add(found.entry.name)

                async def nothing() -> object:
                    return
                    yield b""

                await uploads.put(fileset_id, f"new-{len(seen)}", nothing())  # type: ignore[arg-type]
    files = [name for name in seen if name.startswith("file-")]
    assert len(seen) == len(set(seen))
    assert {f"file-{number:06}" for number in range(FILES)} - set(files) <= gone
    assert len(files) >= FILES - len(gone)
    assert tree.bytes <= 96 << 20
    await server.stop()
    await catalog.close()
    await blobs.close()
