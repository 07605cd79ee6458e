"""Blobs as objects of an S3 bucket, `prefix/ab/abcdef...`.

boto3 signs and controls, in a small pool of threads. Large bytes go straight between client and S3 by signed
URLs where a door can hand them out, else through here. A key is written once: `If-None-Match: *` and the
checksum are sent, and signed, with every PUT, so S3 itself refuses a URL that is used again or for other
bytes.

S3 that is slow or failing is Unavailable. Reads, writes and all other calls have threads of their own (see
Lane): when S3 hangs, what comes is refused instead of piling up, and all is well again when S3 is.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from store.blobs import s3_calls, s3_connect
from store.blobs.blobs import OWNER, Expected, Found, Piece, Signed, Stored, Whole, check_key, is_key
from store.blobs.lane import RETRY_AFTER_S, Lane
from store.blobs.s3_writers import S3PieceWriter, S3Writer
from store.errors import StoreError, Unavailable

PART_BYTES = 8 * 1024 * 1024
PARTS_MAX = 10_000
READ_THREADS = 12
WRITE_THREADS = 8
OTHER_THREADS = 6
OBJECT_SHARE = 4  # of these for one object
WRITERS_MAX = 64  # blobs and parts on their way in at once: each has up to 3 MiB in memory, and HTTP's MiB
WRITER_PATIENCE_S = 10.0
CHECK_PATIENCE_S = 3.0

_RESPONSE_HEADERS = {
    "Content-Type": "ResponseContentType",
    "Content-Disposition": "ResponseContentDisposition",
}


class S3Blobs:
    """Blobs in a bucket, which must be there."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._reads = Lane("s3 read", READ_THREADS, OBJECT_SHARE)
        self._writes = Lane("s3 write", WRITE_THREADS, OBJECT_SHARE)
        self._others = Lane("s3", OTHER_THREADS, OBJECT_SHARE)
        self._writers = asyncio.Semaphore(WRITERS_MAX)
        self._checking: asyncio.Future[None] | None = None

    @classmethod
    def open(
        cls, bucket: str, prefix: str, endpoint: str | None = None, region: str | None = None
    ) -> "S3Blobs":
        """Blobs in the bucket that an endpoint (Amazon's without one) has. Blocking.

        Errors: Absent, Refused, Unavailable.
        """
        client = s3_connect.connect(endpoint, region, READ_THREADS + WRITE_THREADS + OTHER_THREADS)
        blobs = cls(client, bucket, prefix)
        s3_connect.check(client, bucket, blobs._prefix)
        return blobs

    async def claim(self, owner: str) -> str:
        where = {"Bucket": self._bucket, "Key": self._prefix + OWNER}
        return await self._others.run("claim", s3_calls.written_once, self._client, where, owner)

    async def check(self) -> None:
        if self._checking is None or self._checking.done():
            work = self._others.run("check", s3_connect.check, self._client, self._bucket, self._prefix)
            self._checking = asyncio.ensure_future(work)
            self._checking.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait((self._checking,), timeout=CHECK_PATIENCE_S)
        if not self._checking.done():
            raise Unavailable("S3 does not answer", RETRY_AFTER_S)
        self._checking.result()

    async def writer(self, key: str, *, size: int | None = None, md5: bool = True) -> S3Writer:
        part_bytes = max(PART_BYTES, -(-(size or 0) // PARTS_MAX))
        release = await self._admitted()
        return S3Writer(self._client, self._writes, release, key, self._object(key), part_bytes, md5)

    async def put_all(self, blobs: Sequence[Whole]) -> list[Stored | StoreError]:
        outcomes: list[Stored | StoreError] = []
        for at in range(0, len(blobs), WRITE_THREADS):  # no more at once: others write too
            outcomes += await asyncio.gather(*map(self._put, blobs[at : at + WRITE_THREADS]))
        return outcomes

    async def _put(self, blob: Whole) -> Stored | StoreError:
        try:
            writer = await self.writer(blob.key, size=len(blob.data))
            try:
                await writer.write(blob.data)
                return await writer.commit(blob.expected)
            except BaseException:
                await asyncio.shield(writer.abort())
                raise
        except StoreError as error:
            return error

    async def _admitted(self) -> Callable[[], None]:
        """Wait until one more may write; what to call when it is through. Unavailable after a while."""
        try:
            await asyncio.wait_for(self._writers.acquire(), WRITER_PATIENCE_S)
        except TimeoutError:
            raise Unavailable("S3 takes less than is sent; try again", RETRY_AFTER_S) from None
        return self._writers.release

    async def read(self, key: str, offset: int, count: int, size: int | None = None) -> bytes:
        # An empty range cannot be asked for; whether the blob is there must be told all the same.
        wanted = (self._client, self._object(key), offset, max(count, 1), size)
        data = await self._reads.run(key, s3_calls.read, *wanted)
        return data[: max(count, 0)]

    def view(self, key: str) -> memoryview | None:
        return None

    def path(self, key: str) -> Path | None:
        return None

    async def size(self, key: str) -> int | None:
        about = await self._about(key)
        return None if about is None else int(about["ContentLength"])

    async def delete(self, key: str) -> None:
        await self._call("delete_object", **self._object(key))

    async def keys(self) -> AsyncIterator[Found]:
        more: dict[str, Any] = {}
        while True:
            page = await self._call("list_objects_v2", Bucket=self._bucket, Prefix=self._prefix, **more)
            for item in page.get("Contents", ()):
                key = item["Key"].rpartition("/")[2]
                if is_key(key) and item["Key"] == self._object(key)["Key"]:  # others may use the bucket too
                    yield Found(key, int(item["Size"]), _ns(item["LastModified"]))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def begin_pieces(self, key: str) -> str:
        return str((await self._call("create_multipart_upload", **self._object(key)))["UploadId"])

    async def piece_writer(self, key: str, multipart_id: str, number: int, offset: int) -> S3PieceWriter:
        where = self._object(key) | {"UploadId": multipart_id, "PartNumber": number}
        return S3PieceWriter(self._client, self._writes, await self._admitted(), where)

    async def pieces(self, key: str, multipart_id: str) -> list[Piece] | None:
        found: dict[int, tuple[Any, Piece]] = {}
        after = 0
        while True:
            page = await self._call(
                "list_parts", **self._object(key), UploadId=multipart_id, PartNumberMarker=after
            )
            for part in page.get("Parts", ()):
                piece = Piece(part["PartNumber"], part["Size"], part["ETag"].strip('"'))
                older = found.get(piece.number)
                # SeaweedFS lists a part that was sent twice twice; the last one counts.
                if older is None or older[0] <= part["LastModified"]:
                    found[piece.number] = (part["LastModified"], piece)
            if not page.get("IsTruncated"):
                return [piece for _, (_, piece) in sorted(found.items())]
            after = page["NextPartNumberMarker"]

    async def join(self, key: str, multipart_id: str, pieces: Sequence[Piece], *, md5: bool = True) -> Stored:
        where = self._object(key)
        if await self._about(key) is None:
            parts = [{"PartNumber": piece.number, "ETag": piece.etag} for piece in pieces]
            size = sum(piece.size for piece in pieces)
            await self._others.run(key, s3_calls.complete, self._client, where, multipart_id, parts, size)
        return await self._writes.run(key, s3_calls.measure, self._client, where, key, md5)

    async def measure(self, key: str, expected: Expected) -> Stored | None:
        about = await self._about(key)
        if about is None:
            return None
        try:
            sha256 = base64.b64decode(about.get("ChecksumSHA256", ""), validate=True)
        except ValueError:  # a checksum of parts' checksums: not of the content
            sha256 = b""
        if len(sha256) != 32:
            md5 = expected.md5 is not None
            return await self._writes.run(key, s3_calls.measure, self._client, self._object(key), key, md5)
        return Stored(key, int(about["ContentLength"]), sha256, expected.md5)  # S3 compared the signed MD5

    def sign_put(self, key: str, expected: Expected, expires_s: int) -> Signed | None:
        assert expected.sha256 is not None
        checksum = base64.b64encode(expected.sha256).decode()
        headers = {"If-None-Match": "*", "x-amz-checksum-sha256": checksum}
        given = {"IfNoneMatch": "*", "ChecksumSHA256": checksum, "ContentLength": expected.size}
        if expected.md5 is not None:
            headers["Content-MD5"] = given["ContentMD5"] = base64.b64encode(expected.md5).decode()
        return Signed(self._signed("put_object", key, given, expires_s), "PUT", headers)

    def sign_piece(
        self, key: str, multipart_id: str, number: int, size: int, expires_s: int
    ) -> Signed | None:
        given = {"UploadId": multipart_id, "PartNumber": number, "ContentLength": size}
        return Signed(self._signed("upload_part", key, given, expires_s), "PUT", {})

    def sign_get(self, key: str, headers: Mapping[str, str], expires_s: int) -> Signed | None:
        given = {_RESPONSE_HEADERS[name]: value for name, value in headers.items()}
        return Signed(self._signed("get_object", key, given, expires_s), "GET", {})

    async def drop_pieces(self, key: str, multipart_id: str) -> None:
        where = self._object(key) | {"UploadId": multipart_id}
        await self._call("abort_multipart_upload", absent_ok=True, **where)

    async def clear_unfinished(self, before_ns: int, keep: Collection[str] = ()) -> int:
        cleared = 0
        async for upload in self._multipart_uploads():
            key = upload["Key"].rpartition("/")[2]
            if is_key(key) and key not in keep and _ns(upload["Initiated"]) < before_ns:
                where = {"Bucket": self._bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                page = await self._call("list_parts", absent_ok=True, **where)
                # A writer of another process may be at it: one that lives has sent a part since.
                if page and all(_ns(part["LastModified"]) < before_ns for part in page.get("Parts", ())):
                    await self._call("abort_multipart_upload", absent_ok=True, **where)
                    cleared += 1
        return cleared

    async def _multipart_uploads(self) -> AsyncIterator[dict[str, Any]]:
        more: dict[str, Any] = {}
        while True:
            page = await self._call(
                "list_multipart_uploads", Bucket=self._bucket, Prefix=self._prefix, **more
            )
            uploads = page.get("Uploads") or ()
            for upload in uploads:
                yield upload
            if not page.get("IsTruncated") or not uploads:
                return
            more = {"KeyMarker": uploads[-1]["Key"], "UploadIdMarker": uploads[-1]["UploadId"]}

    async def close(self) -> None:
        self._client.close()  # threads that hang in a call end with it, or with the process

    def _object(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{check_key(key)[:2]}/{key}"}

    async def _about(self, key: str) -> dict[str, Any] | None:
        where = self._object(key)
        about: dict[str, Any] | None = await self._call(
            "head_object", absent_ok=True, ChecksumMode="ENABLED", **where
        )
        return about

    def _signed(self, operation: str, key: str, given: dict[str, Any], expires_s: int) -> str:
        arguments = self._object(key) | given
        return str(self._client.generate_presigned_url(operation, Params=arguments, ExpiresIn=expires_s))

    async def _call(self, operation: str, absent_ok: bool = False, **arguments: Any) -> Any:
        subject = arguments.get("Key", operation)
        return await self._others.run(subject, s3_calls.call, self._client, operation, arguments, absent_ok)


def _ns(time: datetime) -> int:
    return int(time.timestamp() * 1e9)
