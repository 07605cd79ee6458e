"""What changes are about. The numbers lie in the changes table, where other processes read them."""

from enum import IntEnum


class Topic(IntEnum):
    """What a change is about; in brackets the change's object_id and parent_id.

    A change is told for the thing itself and for every directory whose names or attributes moved with it.
    """

    EVERYTHING = 0  # (0, 0): changes were missed; forget all that is remembered
    CATALOG = 1  # (0, 0): the default project is another one
    ENTITY = 2  # (entity, 0): a project appeared in it or went
    PROJECT = 3  # (project, entity): it appeared or went
    PROJECT_RUNS = 4  # (project, 0): a run appeared or went
    PROJECT_SWEEPS = 5  # (project, 0)
    PROJECT_ARTIFACTS = 6  # (project, 0): an artifact type or a collection appeared or went
    RUN = 7  # (run, project): what its metadata.json shows
    RUN_NAMES = 8  # (run, project): history.jsonl or output.log appeared
    HISTORY = 9  # (run, project): lines were appended
    CONSOLE = 10  # (run, project): lines were appended or rewritten
    FILESET = 11  # (fileset, its run or artifact): a name directly in files/, or its attributes
    DIRECTORY = 12  # (entry of a directory, parent entry or 0): a name in it, or its attributes
    ENTRY = 13  # (entry, parent entry or 0): it appeared, went, or has another version
    VERSION = 14  # (version, entry): it grew, was retired or collected
    SWEEP = 15  # (sweep, project)
    SWEEP_RUNS = 16  # (sweep, project): a run joined or left
    TYPE = 17  # (artifact type, project): a collection of this type appeared or went
    COLLECTION = 18  # (collection, project): a version or an alias in it
    ARTIFACT = 19  # (artifact, collection)
    ALIAS = 20  # (alias, collection): it appeared or went; a moved alias is a new one
