"""What exists: entities, projects, runs, files, artifacts; one SQLite file now.

Each table has a module of queries (`runs.by_id(db, id)`), written against the small interface `Session`.
"""

from store.catalog.catalog import Catalog
from store.catalog.session import Session
from store.catalog.sqlite import Transaction
from store.catalog.topics import Topic

__all__ = ["Catalog", "Session", "Topic", "Transaction"]
