"""What is wrong between the catalog and the blobs, found without changing anything.

After a crash at any point nothing may be found but orphans, which the collector takes away. Everything else
is a fault of ours or of the disk.
"""

import hashlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from store.blobs import Blobs, Found
from store.catalog import Session, living, select
from store.catalog.rows import Blob

PAGE = 1000
CHUNK_BYTES = 1024 * 1024

# Each gives a row (subject, what is wrong) for every fault.
_CATALOG_FAULTS = {
    "version": """
        SELECT 'version ' || v.id, 'has ' || v.size || ' bytes, its segments ' || coalesce(sum(s.size), 0)
        FROM versions v LEFT JOIN segments s ON s.version_id = v.id
        GROUP BY v.id HAVING v.size != coalesce(sum(s.size), 0)""",
    "segment": """
        SELECT 'version ' || version_id, 'has a gap before byte ' || offset FROM (
          SELECT version_id, offset, lag(offset + size, 1, 0)
          OVER (PARTITION BY version_id ORDER BY offset) AS expected FROM segments)
        WHERE offset != expected""",
    "extent": """
        SELECT 'version ' || s.version_id, 'a segment has ' || s.size || ' bytes, its blob ' || b.size
        FROM segments s JOIN blobs b ON b.id = s.blob_id WHERE s.size != b.size""",
    "entry": """
        SELECT 'file ' || e.path, 'its version ' || e.version_id || ' is not there'
        FROM entries e LEFT JOIN versions v ON v.id = e.version_id AND v.entry_id = e.id
        WHERE e.version_id IS NOT NULL AND (v.id IS NULL OR v.retired_ns IS NOT NULL)""",
    "directory": """
        SELECT 'directory ' || e.path, 'counts ' || e.subdirectories || ' directories and holds ' ||
          (SELECT count(*) FROM entries c WHERE c.parent_id = e.id AND c.version_id IS NULL)
        FROM entries e WHERE {living_entry} AND e.version_id IS NULL AND (
          e.subdirectories != (SELECT count(*) FROM entries c WHERE c.fileset_id = e.fileset_id
            AND c.parent_id = e.id AND c.version_id IS NULL)
          OR NOT EXISTS
            (SELECT 1 FROM entries c WHERE c.fileset_id = e.fileset_id AND c.parent_id = e.id))""",
    "parent": """
        SELECT 'name ' || e.path, 'is in a directory that is not there' FROM entries e
        LEFT JOIN entries p ON p.id = e.parent_id AND p.fileset_id = e.fileset_id AND p.version_id IS NULL
        WHERE {living_entry} AND e.parent_id != 0 AND (p.id IS NULL OR e.path != p.path || '/' || e.name)""",
    "totals": """
        SELECT 'fileset ' || f.id, 'says ' || f.files || ' files and ' || f.bytes || ' bytes, and has ' ||
          count(v.id) || ' and ' || coalesce(sum(v.size), 0)
        FROM filesets f LEFT JOIN entries e ON e.fileset_id = f.id LEFT JOIN versions v ON v.id = e.version_id
        WHERE {living_fileset} GROUP BY f.id
        HAVING f.files != count(v.id) OR f.bytes != coalesce(sum(v.size), 0)
          OR f.subdirectories != count(CASE WHEN e.parent_id = 0 AND e.version_id IS NULL THEN 1 END)""",
    "unused": """
        SELECT 'blob ' || b.key, 'is held by nothing and would stay for ever' FROM blobs b
        WHERE b.unused_ns IS NULL AND NOT EXISTS (SELECT 1 FROM segments s WHERE s.blob_id = b.id)""",
    "lines": """
        SELECT 'run ' || r.name, 'has other lines than it says' FROM runs r
        LEFT JOIN lines l ON l.run_id = r.id WHERE {living_run}
        GROUP BY r.id HAVING r.history_lines != count(CASE WHEN l.stream = 0 THEN 1 END)
          OR r.history_bytes != coalesce(sum(CASE WHEN l.stream = 0 THEN length(l.text) END), 0)
          OR r.console_lines != count(CASE WHEN l.stream = 1 THEN 1 END)
          OR r.console_bytes != coalesce(sum(CASE WHEN l.stream = 1 THEN length(l.text) END), 0)""",
}

# What deleted projects left is going bit by bit, and agrees with nothing meanwhile.
_LIVING = {
    "living_entry": living.by_fileset("e"),
    "living_fileset": living.by_project("f"),
    "living_run": living.by_project("r"),
}


class Finding(NamedTuple):
    """Something that is wrong; `kind` "orphan" is harmless and goes by itself."""

    kind: str
    subject: str
    what: str


async def check(db: Session, blobs: Blobs, deep: bool = False) -> list[Finding]:
    """All that is wrong. Reads no content unless `deep`. Errors: Unavailable."""
    findings = [
        Finding(kind, subject, what)
        for kind, sql in _CATALOG_FAULTS.items()
        for subject, what in await db.all(sql.format(**_LIVING))
    ]
    async for row, found in _side_by_side(db, blobs):
        finding = await _compare(db, blobs, row, found, deep)
        if finding is not None:
            findings.append(finding)
    return findings


async def _compare(
    db: Session, blobs: Blobs, row: Blob | None, found: Found | None, deep: bool
) -> Finding | None:
    if row is None:
        assert found is not None
        under_way = await db.one("SELECT 1 FROM uploads WHERE blob_key = ?", found.key)
        if under_way is not None or await db.one("SELECT 1 FROM blobs WHERE key = ?", found.key) is not None:
            return None
        return Finding("orphan", f"blob {found.key}", f"has {found.size} bytes and no row")
    size = found.size if found is not None else await blobs.size(row.key)
    if size is None:
        if await db.one("SELECT 1 FROM blobs WHERE key = ?", row.key) is None:
            return None  # collected while we looked
        return Finding("missing", f"blob {row.key}", await _whose(db, row))
    if size != row.size:
        return Finding(
            "damaged", f"blob {row.key}", f"has {size} bytes, not {row.size}: {await _whose(db, row)}"
        )
    if deep and await _sha256(blobs, row) != row.sha256:
        return Finding("damaged", f"blob {row.key}", f"has other bytes: {await _whose(db, row)}")
    return None


async def _side_by_side(db: Session, blobs: Blobs) -> AsyncIterator[tuple[Blob | None, Found | None]]:
    """Rows and blobs merged by key, so that neither side has to fit into memory."""
    rows, files = _rows(db), blobs.keys()
    row, found = await anext(rows, None), await anext(files, None)
    while row is not None or found is not None:
        if found is None or (row is not None and row.key < found.key):
            yield row, None
            row = await anext(rows, None)
        elif row is None or found.key < row.key:
            yield None, found
            found = await anext(files, None)
        else:
            yield row, found
            row, found = await anext(rows, None), await anext(files, None)


async def _rows(db: Session) -> AsyncIterator[Blob]:
    after = ""
    while page := await select.every(db, Blob, "WHERE key > ? ORDER BY key LIMIT ?", after, PAGE):
        for row in page:
            yield row
        after = page[-1].key


async def _whose(db: Session, row: Blob) -> str:
    rows = await db.all(
        "SELECT DISTINCT coalesce(entries.path, 'a deleted file') FROM segments"
        " JOIN versions ON versions.id = segments.version_id"
        " LEFT JOIN entries ON entries.id = versions.entry_id"
        " WHERE segments.blob_id = ? LIMIT 5",
        row.id,
    )
    return "content of " + (", ".join(path for (path,) in rows) or "nothing")


async def _sha256(blobs: Blobs, row: Blob) -> bytes:
    digest = hashlib.sha256()
    for offset in range(0, row.size, CHUNK_BYTES):
        digest.update(await blobs.read(row.key, offset, CHUNK_BYTES, row.size))
    return digest.digest()
