-- The first catalog. Ids are AUTOINCREMENT everywhere: an id is never reused, because ids are in file handles
-- (object id << 6 | kind) and in READDIR cookies. Times are nanoseconds since 1970, UTC; changed_ns only grows.
-- Names are text as the user gave it; what a mount shows of a hostile name is the tree's affair. JSON columns hold
-- strict JSON (no NaN, no Infinity). Hashes are raw bytes.

CREATE TABLE catalog (                      -- one row: who this catalog is
    id                 INTEGER PRIMARY KEY, -- random, 63 bits; first part of every file handle, and the fsid
    secret             BLOB NOT NULL,       -- 32 random bytes; keys for handles and signed URLs are derived from it
    default_project_id INTEGER,             -- given with --project, else the first project ever created
    created_ns         INTEGER NOT NULL
) STRICT;

CREATE TABLE entities (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    created_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL             -- moves when a project appears in it or goes
) STRICT;

CREATE TABLE projects (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id            INTEGER NOT NULL REFERENCES entities (id),
    name                 TEXT NOT NULL,
    description          TEXT NOT NULL DEFAULT '',
    created_ns           INTEGER NOT NULL,
    changed_ns           INTEGER NOT NULL,
    runs_changed_ns      INTEGER NOT NULL,  -- a run appeared or went
    sweeps_changed_ns    INTEGER NOT NULL,
    artifacts_changed_ns INTEGER NOT NULL,  -- a type or a collection appeared or went
    UNIQUE (entity_id, name)
) STRICT;

CREATE TABLE keys (                         -- API keys, hashed at rest
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE,        -- SHA-256 of the whole key
    hint       TEXT NOT NULL,               -- its last four characters, to tell keys apart
    name       TEXT NOT NULL,
    access     TEXT NOT NULL CHECK (access IN ('read', 'write', 'admin')),
    project_id INTEGER REFERENCES projects (id),  -- NULL: all projects
    created_ns INTEGER NOT NULL,
    revoked_ns INTEGER
) STRICT;

CREATE TABLE filesets (                     -- the files/ of one run or of one artifact version
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id     INTEGER NOT NULL REFERENCES projects (id),
    files          INTEGER NOT NULL DEFAULT 0,  -- current versions only: a deletion lowers totals at once
    bytes          INTEGER NOT NULL DEFAULT 0,
    subdirectories INTEGER NOT NULL DEFAULT 0,  -- directories directly in files/, for its link count
    sealed_ns      INTEGER,                 -- an artifact version was committed: no change any more; NULL: open
    created_ns     INTEGER NOT NULL,
    changed_ns     INTEGER NOT NULL             -- a name directly in files/ appeared, went or was replaced
) STRICT;

CREATE TABLE sweeps (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id      INTEGER NOT NULL REFERENCES projects (id),
    name            TEXT NOT NULL,          -- the sweep's id, its directory's name
    display_name    TEXT NOT NULL DEFAULT '',
    state           TEXT NOT NULL DEFAULT 'running'
                    CHECK (state IN ('pending', 'running', 'paused', 'finished', 'cancelled', 'crashed')),
    method          TEXT NOT NULL DEFAULT '',
    config          TEXT NOT NULL DEFAULT '{}',
    created_ns      INTEGER NOT NULL,
    changed_ns      INTEGER NOT NULL,
    runs_changed_ns INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE runs (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id         INTEGER NOT NULL REFERENCES projects (id),
    fileset_id         INTEGER NOT NULL UNIQUE REFERENCES filesets (id),
    sweep_id           INTEGER REFERENCES sweeps (id),
    name               TEXT NOT NULL,       -- the run's id as users see it ("a1b2c3d4"), its directory's name
    display_name       TEXT NOT NULL,
    state              TEXT NOT NULL
                       CHECK (state IN ('pending', 'running', 'finished', 'failed', 'crashed', 'killed')),
    exit_code          INTEGER,
    user               TEXT NOT NULL DEFAULT '',
    host               TEXT NOT NULL DEFAULT '',
    program            TEXT NOT NULL DEFAULT '',
    notes              TEXT NOT NULL DEFAULT '',
    group_name         TEXT NOT NULL DEFAULT '',
    job_type           TEXT NOT NULL DEFAULT '',
    tags               TEXT NOT NULL DEFAULT '[]',   -- JSON array of strings
    config             TEXT NOT NULL DEFAULT '{}',   -- JSON object, without W&B's {"value": ...} wrappers
    summary            TEXT NOT NULL DEFAULT '{}',
    history_lines      INTEGER NOT NULL DEFAULT 0,
    history_bytes      INTEGER NOT NULL DEFAULT 0,   -- equal to the size of history.jsonl
    history_changed_ns INTEGER,                      -- NULL: no line yet, so no history.jsonl
    console_lines      INTEGER NOT NULL DEFAULT 0,
    console_bytes      INTEGER NOT NULL DEFAULT 0,   -- equal to the size of output.log
    console_changed_ns INTEGER,                      -- NULL: no line yet, so no output.log
    created_ns         INTEGER NOT NULL,
    changed_ns         INTEGER NOT NULL,    -- anything that metadata.json shows
    names_changed_ns   INTEGER NOT NULL,    -- a name appeared in the run's directory (history.jsonl, output.log)
    heartbeat_ns       INTEGER NOT NULL,
    finished_ns        INTEGER,
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX runs_by_sweep ON runs (sweep_id, id) WHERE sweep_id IS NOT NULL;
CREATE INDEX runs_by_name_in_sweep ON runs (sweep_id, name) WHERE sweep_id IS NOT NULL;
CREATE INDEX runs_by_project ON runs (project_id, id);
CREATE INDEX runs_alive ON runs (heartbeat_ns) WHERE state IN ('pending', 'running');

CREATE TABLE entries (                      -- a name in a directory of files: a file or a directory
    id             INTEGER PRIMARY KEY AUTOINCREMENT,  -- READDIR cookie; for a file also its HTTP file id
    fileset_id     INTEGER NOT NULL REFERENCES filesets (id),
    parent_id      INTEGER NOT NULL,        -- the directory entry above, 0 for files/ itself
    name           TEXT NOT NULL,           -- one component
    path           TEXT NOT NULL,           -- all components, '/' between: "logs/a/b.txt"
    version_id     INTEGER,                 -- the current version; NULL: a directory
    subdirectories INTEGER NOT NULL DEFAULT 0,
    description    TEXT NOT NULL DEFAULT '',
    tags           TEXT NOT NULL DEFAULT '[]',
    created_ns     INTEGER NOT NULL,
    changed_ns     INTEGER NOT NULL,        -- directory: a name in it changed; file: its version or description changed
    UNIQUE (fileset_id, parent_id, name)
) STRICT;
CREATE INDEX entries_in_directory ON entries (fileset_id, parent_id, id);
CREATE UNIQUE INDEX entries_by_path ON entries (fileset_id, path);

CREATE TABLE versions (                     -- what a file's name stood for, once or now
    id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- in file handles: an open reader keeps its version
    entry_id     INTEGER NOT NULL,          -- no foreign key: a version outlives its deleted name by the grace period
    fileset_id   INTEGER NOT NULL,
    number       INTEGER NOT NULL,          -- 1, 2, 3 ... of its entry
    size         INTEGER NOT NULL,
    sha256       BLOB,                      -- of the whole content; NULL while a file grows by segments
    md5          BLOB,
    content_type TEXT NOT NULL,
    created_ns   INTEGER NOT NULL,
    changed_ns   INTEGER NOT NULL,          -- mtime: moves with each append
    retired_ns   INTEGER,                   -- deleted, or fallen out of the kept versions: readable by handle for the grace
    UNIQUE (entry_id, number)
) STRICT;
CREATE INDEX versions_growing ON versions (changed_ns) WHERE sha256 IS NULL;
CREATE INDEX versions_by_fileset ON versions (fileset_id);
CREATE INDEX versions_retired ON versions (retired_ns) WHERE retired_ns IS NOT NULL;

CREATE TABLE blobs (                        -- immutable bytes in the blob store
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL UNIQUE,        -- chosen by the server
    size       INTEGER NOT NULL,
    sha256     BLOB NOT NULL,
    md5        BLOB,
    created_ns INTEGER NOT NULL,
    unused_ns  INTEGER                      -- when the last segment let go of it; NULL: in use
) STRICT;
CREATE INDEX blobs_by_content ON blobs (sha256, size);
CREATE INDEX blobs_unused ON blobs (unused_ns) WHERE unused_ns IS NOT NULL;

CREATE TABLE segments (                     -- a version's content, in order; all but growing files have one (empty files: none)
    version_id INTEGER NOT NULL REFERENCES versions (id),
    offset     INTEGER NOT NULL,            -- of its first byte in the version
    size       INTEGER NOT NULL,
    blob_id    INTEGER NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (version_id, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX segments_by_blob ON segments (blob_id);

CREATE TABLE uploads (
    id           TEXT PRIMARY KEY,          -- 128 random bits, in hexadecimal
    fileset_id   INTEGER NOT NULL REFERENCES filesets (id),
    key_id       INTEGER,                   -- who asked
    path         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size         INTEGER,                   -- as announced; NULL: measured when received
    sha256       BLOB,
    md5          BLOB,
    state        TEXT NOT NULL CHECK (state IN ('open', 'stored', 'registered', 'aborted')),
    blob_key     TEXT NOT NULL,             -- chosen by the server when the upload was asked for
    part_size    INTEGER,                   -- NULL: one PUT
    multipart_id TEXT,                      -- the S3 multipart upload's id
    stored_size   INTEGER,                  -- measured
    stored_sha256 BLOB,
    stored_md5    BLOB,
    version_id   INTEGER,                   -- what registration made: registering again answers the same
    created_ns   INTEGER NOT NULL,
    expires_ns   INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_by_blob ON uploads (blob_key);
CREATE INDEX uploads_by_fileset ON uploads (fileset_id);
CREATE INDEX uploads_by_state ON uploads (state, expires_ns);

CREATE TABLE parts (                        -- parts received of a multipart upload
    upload_id TEXT NOT NULL REFERENCES uploads (id),
    number    INTEGER NOT NULL,             -- from 1
    size      INTEGER NOT NULL,
    etag      TEXT NOT NULL,
    PRIMARY KEY (upload_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE lines (                        -- history and console, one row a line
    run_id INTEGER NOT NULL REFERENCES runs (id),
    stream INTEGER NOT NULL,                -- 0 history, 1 console
    line   INTEGER NOT NULL,                -- from 0
    offset INTEGER NOT NULL,                -- of its first byte in history.jsonl or output.log
    text   BLOB NOT NULL,                   -- UTF-8, with its final newline
    PRIMARY KEY (run_id, stream, line)
) STRICT, WITHOUT ROWID;
CREATE INDEX lines_by_offset ON lines (run_id, stream, offset);

CREATE TABLE artifact_types (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

CREATE TABLE collections (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    type_id     INTEGER NOT NULL REFERENCES artifact_types (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    next_number INTEGER NOT NULL DEFAULT 0, -- of the next version: a deleted version's number is not given again
    created_ns  INTEGER NOT NULL,
    changed_ns  INTEGER NOT NULL,           -- a version or an alias appeared, moved or went
    UNIQUE (project_id, name)
) STRICT;
CREATE INDEX collections_by_project ON collections (project_id, id);
CREATE INDEX collections_by_type ON collections (type_id, id);

CREATE TABLE artifacts (                    -- an artifact version
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    fileset_id    INTEGER NOT NULL UNIQUE REFERENCES filesets (id),
    run_id        INTEGER REFERENCES runs (id) ON DELETE SET NULL,  -- the producing run
    number        INTEGER,                  -- 0 for v0; NULL while pending: a pending version has no directory yet
    state         TEXT NOT NULL CHECK (state IN ('pending', 'committed')),
    digest        TEXT NOT NULL DEFAULT '',
    description   TEXT NOT NULL DEFAULT '',
    metadata      TEXT NOT NULL DEFAULT '{}',
    created_ns    INTEGER NOT NULL,
    changed_ns    INTEGER NOT NULL,
    UNIQUE (collection_id, number)
) STRICT;
CREATE INDEX artifacts_by_collection ON artifacts (collection_id, id);
CREATE INDEX artifacts_by_run ON artifacts (run_id, id) WHERE run_id IS NOT NULL;

CREATE TABLE aliases (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,  -- a moved alias is a new row: its link text is immutable
    collection_id INTEGER NOT NULL REFERENCES collections (id),
    artifact_id   INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    created_ns    INTEGER NOT NULL,
    UNIQUE (collection_id, name)
) STRICT;
CREATE INDEX aliases_by_artifact ON aliases (artifact_id);

CREATE TABLE artifact_uses (
    artifact_id INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    created_ns  INTEGER NOT NULL,
    PRIMARY KEY (artifact_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_uses_by_run ON artifact_uses (run_id, artifact_id);

CREATE TABLE changes (                      -- facts for whoever keeps copies: "topic object_id changed"
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    topic     INTEGER NOT NULL,             -- store.catalog.topics.Topic
    object_id INTEGER NOT NULL,
    parent_id INTEGER NOT NULL              -- what lists it, see Topic
) STRICT;
