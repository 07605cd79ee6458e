"""The MOUNT version 3 program (RFC 1813 appendix I): from a path to a file handle.

Nothing is remembered of a mount: clients keep their handles through restarts and often never say that they
unmounted, so DUMP has nothing to tell. Any directory may be mounted, for some clients mount the one that
holds the file they read. Every NFS call is checked against the client networks again.
"""

import errno
import logging
from collections.abc import Callable
from typing import Any

from nfsd.mount3 import types
from nfsd.mount3.types import mountres3, mountstat3
from nfsd.rpc import Call, Procedure, Program, procedure
from nfsd.tree.networks import Networks
from nfsd.tree.node import ROOT, Directory, Link, Node
from nfsd.tree.tree import Tree

log = logging.getLogger(__name__)

FLAVORS = (1, 0)
"""AUTH_SYS and AUTH_NONE: nobody has rights that others have not."""

LINKS_MAX = 8
EXPORTS_MAX = 1000
"""Projects that EXPORT lists besides the root."""

NAME_MAX = 255

STATUS = {
    errno.ENOENT: mountstat3.MNT3ERR_NOENT,
    errno.EACCES: mountstat3.MNT3ERR_ACCES,
    errno.ENOTDIR: mountstat3.MNT3ERR_NOTDIR,
    errno.EINVAL: mountstat3.MNT3ERR_INVAL,
    errno.ENAMETOOLONG: mountstat3.MNT3ERR_NAMETOOLONG,
}


class Mount3(Program, number=types.PROGRAM, version=types.VERSION):
    """MOUNT version 3. `mounted(call, path)` is told of every mount."""

    def __init__(
        self,
        tree: Tree,
        networks: Networks,
        mounted: Callable[[Call, str], None] = lambda call, path: None,
    ) -> None:
        self._tree = tree
        self._networks = networks
        self._mounted = mounted

    @procedure(1, types.dirpath, mountres3)
    async def mnt(self, path: bytes, call: Call) -> types.mountres3_ok:
        """Section 5.2.1. "" and "/" are the root; the path of the project that the root shows gives the
        root."""
        if not self._networks.admit(call.client):
            raise OSError(errno.EACCES, "the client's network is not allowed")
        node = await self._walk(components(path))
        if not isinstance(node, Directory):
            raise OSError(errno.ENOTDIR, "not a directory")
        self._mounted(call, path.decode("utf-8", "replace"))
        return types.mountres3_ok(self._tree.handle(node), FLAVORS)

    @procedure(2, None, types.mountlist)
    async def dump(self, arguments: None, call: Call) -> tuple[types.mountbody, ...]:
        """Section 5.2.2."""
        return ()

    @procedure(3, types.dirpath, None)
    async def umnt(self, path: bytes, call: Call) -> None:
        """Section 5.2.3."""

    @procedure(4, None, None)
    async def umntall(self, arguments: None, call: Call) -> None:
        """Section 5.2.4."""

    @procedure(5, None, types.exports)
    async def export(self, arguments: None, call: Call) -> tuple[types.exportnode, ...]:
        """Section 5.2.5: the root, and each project; only for those who may mount them."""
        if not self._networks.admit(call.client):
            return ()
        groups = tuple(types.groupnode(str(network).encode()) for network in self._networks.allowed)
        paths = ["/", *await self._projects()]
        return tuple(
            types.exportnode(path.encode(), groups)
            for path in paths
            if len(path.encode()) <= types.MNTPATHLEN
        )

    async def failure(self, procedure: Procedure, error: Exception, arguments: Any, call: Call) -> Any:
        """MNT's status for an exception; the other procedures have no way to fail."""
        if procedure.number != 1:
            raise error
        if not isinstance(error, OSError):
            log.error("MOUNT MNT from %s: a bug", call.client, exc_info=error)
            return mountres3(mountstat3.MNT3ERR_SERVERFAULT, None)
        return mountres3(STATUS.get(error.errno or 0, mountstat3.MNT3ERR_IO), None)

    async def _walk(self, path: list[str], links: int = 0) -> Node:
        """The node at the end of a path; links on the way, and at its end, are followed as a client would."""
        node = await self._tree.node(ROOT)
        for place, name in enumerate(path):
            found = await self._tree.lookup(node, name)
            if isinstance(found, Link):
                if links == LINKS_MAX:
                    raise OSError(errno.EINVAL, "too many links")
                target = [*path[:place], *found.target.split("/"), *path[place + 1 :]]
                return await self._walk(target, links + 1)
            node = found
        return node

    async def _projects(self) -> list[str]:
        tree = self._tree
        top = await tree.lookup(await tree.node(ROOT), "projects")
        found = []
        for _, entity, (fileid, *_) in await tree.page(top, 0, EXPORTS_MAX):
            for _, project, _ in await tree.page(await tree.node(fileid), 0, EXPORTS_MAX):
                found.append(f"/projects/{entity}/{project}")
        return found[:EXPORTS_MAX]


def components(path: bytes) -> list[str]:
    """The names of a path, "" and "/" having none. ENOENT for what is no UTF-8, ENAMETOOLONG, EACCES for
    NUL or ".."."""
    try:
        names = [name for name in path.decode().split("/") if name not in ("", ".")]
    except UnicodeDecodeError:
        raise OSError(errno.ENOENT, "no name here is anything but UTF-8") from None
    for name in names:
        if "\0" in name or name == "..":
            raise OSError(errno.EACCES, "not a path")
        if len(name.encode()) > NAME_MAX:
            raise OSError(errno.ENAMETOOLONG, "a name is longer than 255 bytes")
    return names
