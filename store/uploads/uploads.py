"""The life of a file, from asking for its upload to its deletion.

request -> receive (its bytes, or its parts one by one) -> register -> visible put: all three at once
append: a tail for a visible file

Nothing is visible before its bytes are durable, measured and what was announced; then one transaction makes
it so. Whoever dies on the way leaves bytes that no row knows, which the collector takes away.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

from store.blobs import ANYTHING, Blobs, Expected, Piece, Stored, new_key
from store.catalog import Catalog, Transaction, entries, files, places
from store.catalog import blobs as blob_rows
from store.catalog import uploads as upload_rows
from store.catalog.entries import Listed
from store.catalog.files import Content, Published
from store.catalog.rows import Part, Upload
from store.errors import Absent, Conflict, Refused, StoreError
from store.uploads import sharing, state
from store.uploads.collect import Collected, Collector
from store.uploads.fsck import Finding, check
from store.uploads.intake import Chunks, Intake
from store.uploads.many import Incoming, put_all
from store.uploads.merge import merge_tail
from store.uploads.multipart import Multipart

BINARY = "application/octet-stream"


class Uploads:
    """What every door does with files.

    A replaced or deleted version stays readable by handle for `grace_s`; a run that was not heard of for
    `lease_s` has crashed.
    """

    def __init__(
        self,
        catalog: Catalog,
        blobs: Blobs,
        *,
        grace_s: float = 600.0,
        versions_kept: int = 5,
        lease_s: float = 300.0,
    ) -> None:
        self.catalog = catalog
        self.blobs = blobs
        self.grace_s = grace_s
        self.versions_kept = versions_kept
        self.intake = Intake(blobs)
        self._multipart = Multipart(catalog, blobs)
        self._collector = Collector(catalog, blobs, self.intake, grace_s=grace_s, lease_s=lease_s)
        self._registering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def request(
        self,
        fileset_id: int,
        path: str,
        expected: Expected = ANYTHING,
        *,
        reads: int | None,
        content_type: str = BINARY,
        key_id: int | None = None,
        part_size: int | None = None,
    ) -> Upload:
        """Ask for an upload. Its state is "stored" when the content is here already: then only register it.

        `reads` is the project that the asker may read, None for all: only what is visible there counts as
        here, for "stored" tells that a content exists. With `part_size` it comes in parts of so many bytes.
        Errors: Refused, Absent, Conflict.
        """
        if part_size is not None and part_size < 1:
            raise Refused("a part has at least one byte")
        upload_id, key = secrets.token_hex(16), new_key()
        await places.check(self.catalog.direct, fileset_id, path)

        async def work(tx: Transaction) -> Upload:
            upload = Upload(
                *(upload_id, fileset_id, key_id, path, content_type, *expected, "open", key, part_size),
                *(multipart_id, None, None, None, None, tx.now_ns, state.expiry(tx)),
            )
            upload = await sharing.settled(tx, self.blobs, upload, reads)
            await upload_rows.create(tx, upload)
            return upload

        with self.intake.flying(key):  # the collector knows of no row until there is one
            multipart_id = None if part_size is None else await self.blobs.begin_pieces(key)
            return await self.catalog.write(work)

    async def tell(self, upload_id: str, sha256: bytes, *, reads: int | None) -> Upload:
        """Say what an upload's bytes will be, for who sends them while hashing; the upload to go on with.

        It is another one, "stored", when the content is here already. Errors: Absent, Conflict, Mismatch.
        """
        return await self.catalog.write(lambda tx: sharing.tell(tx, self.blobs, upload_id, sha256, reads))

    async def receive(self, upload_id: str, part: int | None, chunks: Chunks) -> Stored | Piece:
        """Take the bytes of an upload, or of one of its parts (from 1); they are durable when this returns.

        The same bytes may come again until it is registered. Errors: Absent, Conflict when it is over or
        other bytes are here, Mismatch for another size or hash than announced, NoSpace, Unavailable.
        """
        upload = await self._under_way(upload_id)
        if upload.part_size is not None:
            return await self._multipart.receive(upload, part, chunks)
        if part is not None:
            raise Refused("this upload does not come in parts")
        expected = Expected(upload.size, upload.sha256, upload.md5)
        async with self.intake.hold(chunks, expected) as held:

            async def work(tx: Transaction) -> Stored:
                now = state.under_way(await upload_rows.by_id(tx, upload_id))
                if now.state == "open":
                    await state.note_stored(tx, now, held.stored)
                    return held.stored
                if (now.stored_size, now.stored_sha256) != (held.stored.size, held.stored.sha256):
                    raise Conflict(f"other bytes were uploaded for {now.path} already: ask for a new upload")
                return held.stored._replace(key=now.blob_key)

            stored = await self.catalog.write(work)
            held.kept = stored.key == held.stored.key
        return stored

    async def parts(self, upload_id: str) -> list[Part]:
        """The parts that are durable; whoever resumes sends the others. Errors: Absent, Conflict.

        Asking keeps the upload alive: of parts that go straight to the store nothing else is heard.
        """
        parts = await self._multipart.parts(await self._under_way(upload_id))
        await self.catalog.write(lambda tx: upload_rows.update(tx, upload_id, expires_ns=state.expiry(tx)))
        return parts

    async def register(self, upload_id: str, expected: Expected = ANYTHING) -> Published:
        """Make an uploaded file visible: a new file, or the new version of the one at its path.

        Registering again gives the same. Errors: Absent, Conflict when not all of its bytes came or it is
        over, Mismatch when they are not what was announced, or (the upload stays open) not `expected`.
        """
        async with self._registering.setdefault(upload_id, asyncio.Lock()):
            upload = await upload_rows.by_id(self.catalog.direct, upload_id)
            if upload is not None and upload.state == "open":
                if upload.part_size is None:
                    await self._find(upload)
                else:
                    await self._multipart.join(upload)
            await self._look(upload_id)
            surplus: list[str] = []

            async def work(tx: Transaction) -> Published:
                surplus.clear()
                now = await upload_rows.by_id(tx, upload_id)
                if now is None or now.state != "registered":
                    now = state.under_way(now)
                assert now.stored_size is not None
                assert now.stored_sha256 is not None
                expected.check(now.stored_size, now.stored_sha256, now.stored_md5)
                if now.state == "registered":
                    return await state.registered(tx, now)
                stored = Stored(now.blob_key, now.stored_size, now.stored_sha256, now.stored_md5)
                published, used = await self._publish(tx, now.fileset_id, now.path, now.content_type, stored)
                if not used and await blob_rows.by_key(tx, stored.key) is None:
                    surplus.append(stored.key)
                await upload_rows.update(tx, upload_id, state="registered", version_id=published.version.id)
                return published

            published = await self.catalog.write(work)
            for key in surplus:
                await self.intake.drop(key)
            return published

    async def put(
        self,
        fileset_id: int,
        path: str,
        chunks: Chunks,
        expected: Expected = ANYTHING,
        content_type: str = BINARY,
    ) -> Published:
        """Receive and register in one, for doors through which the bytes come anyway. Errors: as for both."""
        await places.check(self.catalog.direct, fileset_id, path)
        async with self.intake.hold(chunks, expected) as held:
            published, held.kept = await self.catalog.write(
                lambda tx: self._publish(tx, fileset_id, path, content_type, held.stored)
            )
        return published

    async def put_all(self, fileset_id: int, files: Sequence[Incoming]) -> list[Published | StoreError]:
        """Receive and register many small files; each has its own outcome, in the order given."""
        return await put_all(self.catalog, self.intake, self._publish, fileset_id, files)

    async def append(
        self, entry_id: int, offset: int, chunks: Chunks, expected: Expected = ANYTHING
    ) -> Listed:
        """Let a file grow by what comes; `offset` is where it ends now, `expected` is about the tail alone.

        Errors: Absent, Conflict when it ends elsewhere or is sealed, Mismatch, NoSpace, Unavailable.
        """
        await files.check_end(self.catalog.direct, entry_id, offset)
        async with self.intake.hold(chunks, expected, md5=False) as held:
            stored = held.stored

            async def work(tx: Transaction) -> Listed:
                if not stored.size:
                    return await files.check_end(tx, entry_id, offset)
                blob_id = await blob_rows.create(tx, stored.key, stored.size, stored.sha256, None)
                return await files.grow(tx, entry_id, offset, blob_id, stored.size)

            grown = await self.catalog.write(work)
            held.kept = stored.size > 0
        assert grown.version is not None
        await merge_tail(self.catalog, self.blobs, self.intake, grown.version.id)
        return grown

    async def delete(self, entry_ids: Iterable[int]) -> list[Listed]:
        """Delete files; gives those that were there. Totals fall at once, bytes go after the grace period.

        Errors: Conflict when one is a directory or sealed; then none is deleted.
        """
        wanted = dict.fromkeys(entry_ids)

        async def work(tx: Transaction) -> list[Listed]:
            there = [entry_id for entry_id in wanted if await entries.by_id(tx, entry_id) is not None]
            return await files.delete(tx, *there)

        return await self.catalog.write(work)

    async def restore(self, entry_id: int, number: int) -> Published:
        """Let a file be again what its version `number` was. Errors: Absent, Conflict."""
        return await self.catalog.write(lambda tx: files.restore(tx, entry_id, number, self.versions_kept))

    async def abort(self, upload_id: str) -> None:
        """Give up an upload; harmless when it is over. Conflict when it is registered."""

        async def work(tx: Transaction) -> None:
            upload = await upload_rows.by_id(tx, upload_id)
            if upload is not None and upload.state == "registered":
                raise Conflict(f"{upload.path} is registered: delete the file instead")
            await upload_rows.update(tx, upload_id, state="aborted")

        await self.catalog.write(work)

    async def collect(self, now: bool = False, alone: bool = False) -> Collected:
        """Do what time brings: see Collector. With `now` no grace is given, to orphans only when `alone`."""
        return await self._collector.collect(now, alone)

    async def fsck(self, deep: bool = False) -> list[Finding]:
        """What is wrong between catalog and blobs; with `deep` every byte is read and hashed again."""
        return await check(self.catalog.read, self.blobs, deep)

    async def _under_way(self, upload_id: str) -> Upload:
        return state.under_way(await upload_rows.by_id(self.catalog.direct, upload_id))

    async def _find(self, upload: Upload) -> None:
        """Look whether a client put an upload's bytes straight into the store. Errors: Conflict, Mismatch."""
        expected = Expected(upload.size, upload.sha256, upload.md5)
        stored = await self.blobs.measure(upload.blob_key, expected)
        if stored is None:
            raise Conflict(f"nothing was uploaded for {upload.path} yet: send its bytes first")
        expected.check(stored.size, stored.sha256, stored.md5)

        async def work(tx: Transaction) -> None:
            await state.note_stored(tx, state.under_way(await upload_rows.by_id(tx, upload.id)), stored)

        await self.catalog.write(work)

    async def _look(self, upload_id: str) -> None:
        """Absent unless an upload's bytes are in the blob store, all of them: a row must never dangle."""
        upload = await upload_rows.by_id(self.catalog.direct, upload_id)
        if upload is None or upload.state != "stored":
            return
        size = await self.blobs.size(upload.blob_key)
        if size != upload.stored_size:
            raise Absent(f"the bytes of {upload.path} are not in the store any more: ask for a new upload")

    async def _publish(
        self, tx: Transaction, fileset_id: int, path: str, content_type: str, stored: Stored
    ) -> tuple[Published, bool]:
        """Publish stored bytes, or others with the same content; whether it is these that are used."""
        segments: tuple[tuple[int, int], ...] = ()
        used = False
        if stored.size:
            blob_id, md5, used = await sharing.choose(tx, self.blobs, stored)
            segments = ((blob_id, stored.size),)
            stored = stored._replace(md5=stored.md5 or md5)
        content = Content(stored.size, stored.sha256, stored.md5, segments)
        published = await files.publish(tx, fileset_id, path, content, content_type, self.versions_kept)
        if not published.changed:
            await blob_rows.release(tx, [blob_id for blob_id, _ in segments])
        return published, used
