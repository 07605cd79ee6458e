"""From a change in the catalog to the nodes that are not true any more.

A change is told for a thing and for every directory whose names or attributes moved with it. What is left
to say here is which kinds of nodes show that thing. The pages that list a forgotten node go with it, see
`Tree.forget`.
"""

from __future__ import annotations

from collections.abc import Iterator

from nfsd.tree.node import Node
from nfsd.tree.nodes.artifacts import (
    AliasLink,
    ArtifactDirectory,
    ArtifactMetadata,
    CollectionDirectory,
    Collections,
    TypeDirectory,
    TypeLink,
    Types,
)
from nfsd.tree.nodes.files import Files, StoredFile, Subdirectory
from nfsd.tree.nodes.projects import DefaultProject, EntityDirectory, ProjectDirectory, Projects
from nfsd.tree.nodes.run import Console, History, RunDirectory, RunMetadata
from nfsd.tree.nodes.runs import Runs
from nfsd.tree.nodes.sweeps import SweepDirectory, SweepMetadata, SweepRun, SweepRuns, Sweeps
from store.catalog.rows import Change
from store.catalog.topics import Topic

OF_OBJECT: dict[Topic, tuple[type[Node], ...]] = {
    Topic.ENTITY: (EntityDirectory,),
    Topic.PROJECT: (ProjectDirectory, DefaultProject),
    Topic.RUN: (RunMetadata, SweepRun),
    Topic.RUN_NAMES: (RunDirectory, History, Console),
    Topic.HISTORY: (History,),
    Topic.CONSOLE: (Console,),
    Topic.FILESET: (Files,),
    Topic.DIRECTORY: (Subdirectory,),
    Topic.ENTRY: (Subdirectory,),
    Topic.VERSION: (StoredFile,),
    Topic.SWEEP: (SweepDirectory, SweepMetadata),
    Topic.SWEEP_RUNS: (SweepRuns,),
    Topic.TYPE: (TypeDirectory,),
    Topic.COLLECTION: (CollectionDirectory, TypeLink),
    Topic.ARTIFACT: (ArtifactDirectory, ArtifactMetadata),
    Topic.ALIAS: (AliasLink,),
}
"""The kinds whose number is the change's object."""

OF_PROJECT: dict[Topic, tuple[type[Node], ...]] = {
    Topic.PROJECT_RUNS: (Runs,),
    Topic.PROJECT_SWEEPS: (Sweeps,),
    Topic.PROJECT_ARTIFACTS: (Types, Collections),
}
"""The kinds whose number is the change's project, or 0 where the root shows that project."""


def stale(change: Change, default: int | None) -> Iterator[int]:
    """The fileids of nodes that a change made untrue.

    `default` is the project that the root shows, None while that is not known. EVERYTHING and CATALOG are
    not for this function: they leave nothing true.
    """
    topic = Topic(change.topic)
    number = change.object_id
    for kind in OF_OBJECT.get(topic, ()):
        yield kind.at(number)
    for kind in OF_PROJECT.get(topic, ()):
        yield kind.at(number)
        if default is None or default == number:
            yield kind.at(0)
    if topic is Topic.ENTITY:
        yield Projects.at(0)
