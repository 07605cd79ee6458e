"""Blobs as objects of an S3 bucket, `prefix/ab/abcdef...`.

boto3 signs and controls, in a small pool of threads. Large bytes go straight between client and S3 by signed
URLs where a door can hand them out, else through here. A key is written once: `If-None-Match: *` and the
checksum are sent, and signed, with every PUT, so S3 itself refuses a URL that is used again or for other
bytes.

S3 that is slow or failing is Unavailable. The calls that wait for a thread are bounded: when S3 hangs, what
comes is refused at once instead of piling up, and all is well again when S3 is.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from store.blobs import s3_calls
from store.blobs.blobs import Expected, Found, Piece, Signed, Stored, check_key
from store.blobs.s3_writers import S3PieceWriter, S3Writer
from store.errors import Unavailable

PART_BYTES = 8 * 1024 * 1024  # of each blob that goes through here so much is in memory
PARTS_MAX = 10_000
THREADS = 12
WAITING_MAX = 256  # calls that are being made or wait for a thread
LEFT_OVER_NS = 7 * 24 * 3600 * 10**9  # a multipart upload that nobody ended is ended a week later

_RESPONSE_HEADERS = {
    "Content-Type": "ResponseContentType",
    "Content-Disposition": "ResponseContentDisposition",
}
T = TypeVar("T")


class S3Blobs:
    """Blobs in a bucket, which must be there. Blocking to construct. Errors: Absent, Refused, Unavailable."""

    def __init__(
        self, bucket: str, prefix: str, endpoint: str | None = None, region: str | None = None
    ) -> None:
        self._client = s3_calls.connect(endpoint, region, THREADS)
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="s3")
        self._waiting = 0
        s3_calls.call(self._client, "head_bucket", {"Bucket": bucket})

    async def writer(self, key: str, *, size: int | None = None, md5: bool = True) -> S3Writer:
        part_bytes = max(PART_BYTES, -(-(size or 0) // PARTS_MAX))
        return S3Writer(self._client, self._threads, key, self._object(key), part_bytes, md5)

    async def read(self, key: str, offset: int, count: int) -> bytes:
        # An empty range cannot be asked for; whether the blob is there must be told all the same.
        data = await self._in_thread(s3_calls.read, self._client, self._object(key), offset, max(count, 1))
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
                mtime_ns = int(item["LastModified"].timestamp() * 1e9)
                yield Found(item["Key"].rpartition("/")[2], int(item["Size"]), mtime_ns)
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    async def begin_pieces(self, key: str) -> str:
        return str((await self._call("create_multipart_upload", **self._object(key)))["UploadId"])

    async def piece_writer(self, key: str, multipart_id: str, number: int, offset: int) -> S3PieceWriter:
        where = self._object(key) | {"UploadId": multipart_id, "PartNumber": number}
        return S3PieceWriter(self._client, self._threads, where)

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
            await self._call(
                "complete_multipart_upload", **where, UploadId=multipart_id, MultipartUpload={"Parts": parts}
            )
        return await self._in_thread(s3_calls.measure, self._client, where, key, md5)

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
            return await self._in_thread(s3_calls.measure, self._client, self._object(key), key, md5)
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

    async def clear_unfinished(self, before_ns: int) -> int:
        page = await self._call("list_multipart_uploads", Bucket=self._bucket, Prefix=self._prefix)
        cleared = 0
        for upload in page.get("Uploads") or ():
            if int(upload["Initiated"].timestamp() * 1e9) < before_ns - LEFT_OVER_NS:
                where = {"Bucket": self._bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                await self._call("abort_multipart_upload", absent_ok=True, **where)
                cleared += 1
        return cleared

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

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
        return await self._in_thread(s3_calls.call, self._client, operation, arguments, absent_ok)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        if self._waiting >= WAITING_MAX:
            raise Unavailable("S3 is slower than it is asked; try again", 2.0)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        finally:
            self._waiting -= 1
