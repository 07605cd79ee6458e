"""What every route reaches through its application: the store's parts, the settings, who may come in."""

from dataclasses import dataclass

from aiohttp import web

from httpapi.auth import Auth
from httpapi.settings import Settings
from store.blobs import Blobs
from store.catalog import Catalog
from store.catalog.rows import Key
from store.uploads import Uploads


@dataclass(frozen=True, slots=True)
class State:
    """One per application."""

    catalog: Catalog
    blobs: Blobs
    uploads: Uploads
    settings: Settings
    auth: Auth


STATE = web.AppKey("state", State)
# The key that a request came with, set before its route runs; absent for nobody.
KEY = web.RequestKey("key", Key)
