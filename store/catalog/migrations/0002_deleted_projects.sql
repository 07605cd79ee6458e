-- A project can be deleted. Its files stay readable by handle for the grace period, and they need its row. So the
-- row stays, belonging to no entity: no name leads to it any more, and what belonged to it is found no more
-- (store.catalog.living). The collector takes that away bit by bit (store.catalog.remains), and the row last.
-- The table is made anew for the one column that may be NULL now; foreign keys are off while migrations run.

CREATE TABLE projects_anew (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id            INTEGER REFERENCES entities (id),  -- NULL: deleted, at changed_ns
    name                 TEXT NOT NULL,
    description          TEXT NOT NULL DEFAULT '',
    created_ns           INTEGER NOT NULL,
    changed_ns           INTEGER NOT NULL,
    runs_changed_ns      INTEGER NOT NULL,  -- a run appeared or went
    sweeps_changed_ns    INTEGER NOT NULL,
    artifacts_changed_ns INTEGER NOT NULL,  -- a type or a collection appeared or went
    UNIQUE (entity_id, name)
) STRICT;
INSERT INTO projects_anew SELECT * FROM projects;
DROP TABLE projects;
ALTER TABLE projects_anew RENAME TO projects;

CREATE INDEX filesets_by_project ON filesets (project_id);

-- When an entity went with its last project; 0: never. The time of projects/ must not fall with it.
ALTER TABLE catalog ADD COLUMN entity_gone_ns INTEGER NOT NULL DEFAULT 0;
