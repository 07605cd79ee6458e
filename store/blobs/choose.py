"""Which blob store a URL means."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from store.blobs.blobs import Blobs
from store.blobs.local import LocalBlobs
from store.errors import Refused


def open_blobs(url: str, cache: Path | None = None) -> Blobs:
    """The store at file:///folder, a plain path, or s3://bucket/prefix?endpoint=URL&region=NAME. Blocking.

    What is read from S3 is kept in the folder `cache`, up to 10 GiB or the URL's &cache_bytes=N; without a
    folder nothing is. Errors: Refused, Unavailable, Absent when the bucket is not there.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return LocalBlobs(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return _s3(parts.netloc, unquote(parts.path), parts.query, cache)
    if "://" not in url and url:
        return LocalBlobs(Path(url))
    raise Refused(f"{url!r}: blobs live at file:///folder or s3://bucket/prefix?endpoint=URL")


def _s3(bucket: str, prefix: str, query: str, cache: Path | None) -> Blobs:
    from store.blobs.cached import LIMIT_BYTES, CachedBlobs
    from store.blobs.s3 import S3Blobs  # only who uses S3 has it imported

    if "@" in bucket or "@" in query:
        raise Refused("no credentials belong into the URL of a bucket: set AWS_ACCESS_KEY_ID and so on")
    options = {name: values[-1] for name, values in parse_qs(query).items()}
    unknown = options.keys() - {"endpoint", "region", "cache_bytes"}
    if unknown:
        raise Refused(f"s3://{bucket}: there is no option {', '.join(sorted(unknown))}")
    limit = options.get("cache_bytes", str(LIMIT_BYTES))
    if not limit.isdecimal():
        raise Refused(f"s3://{bucket}: cache_bytes is a number of bytes, not {limit!r}")
    blobs = S3Blobs.open(bucket, prefix, options.get("endpoint"), options.get("region"))
    return blobs if cache is None else CachedBlobs(blobs, cache, int(limit))
