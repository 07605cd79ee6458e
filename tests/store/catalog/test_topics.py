from store.catalog.topics import Topic

NAMES = """EVERYTHING CATALOG ENTITY PROJECT PROJECT_RUNS PROJECT_SWEEPS PROJECT_ARTIFACTS RUN RUN_NAMES
HISTORY CONSOLE FILESET DIRECTORY ENTRY VERSION SWEEP SWEEP_RUNS TYPE COLLECTION ARTIFACT ALIAS"""


def test_topics_are_frozen() -> None:  # they lie in the changes table, and other processes read them
    assert [(topic.name, topic.value) for topic in Topic] == [(n, i) for i, n in enumerate(NAMES.split())]
