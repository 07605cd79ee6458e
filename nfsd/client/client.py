"""A small asynchronous NFS version 3 client, for `runfs ls`, `runfs cat`, the readiness check and the tests.

MOUNT is asked on the port of NFS, where our server has both.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, Self

from nfsd.mount3 import types as mount3
from nfsd.nfs3 import types as nfs3
from nfsd.nfs3.types import diropargs3, fattr3, ftype3, nfs_fh3, nfsstat3
from nfsd.rpc.client import TcpCalls, auth_sys
from nfsd.rpc.types import opaque_auth

READ_BYTES = 1 << 20
LIST_BYTES = 64 << 10
LIST_NAMES_BYTES = 64 << 10


class NfsError(Exception):
    """A status other than OK; `status` is an nfsstat3 or a mountstat3."""

    def __init__(self, status: nfsstat3 | mount3.mountstat3) -> None:
        super().__init__(status.name)
        self.status = status


class Entry(NamedTuple):
    """A name with what it stands for; `target` is a link's text, "" for anything else."""

    name: str
    handle: bytes
    attributes: fattr3
    target: str = ""

    @property
    def is_directory(self) -> bool:
        """Whether it can be listed."""
        return self.attributes.type is ftype3.NF3DIR

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.attributes.type is ftype3.NF3LNK


class Client:
    """A mounted export. Calls raise NfsError for a status, and what TcpCalls raises for the rest."""

    def __init__(self, calls: TcpCalls, root: bytes) -> None:
        self.root = root
        self._calls = calls

    @classmethod
    async def mount(
        cls, host: str, port: int, path: str = "/", credential: opaque_auth | None = None
    ) -> "Client":
        """Connect and mount `path`; AUTH_SYS of nobody unless a credential is given."""
        calls = await TcpCalls.connect(host, port, credential or auth_sys(65534, 65534))
        try:
            result = await calls.ask(
                *(mount3.PROGRAM, mount3.VERSION, 1),
                *(mount3.dirpath, path.encode(errors="surrogateescape"), mount3.mountres3),
            )
            if result.discriminant is not mount3.mountstat3.MNT3_OK:
                raise NfsError(result.discriminant)
        except BaseException:
            calls.close()
            raise
        return cls(calls, result.arm.fhandle)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the server keeps nothing of the mount."""
        self._calls.close()

    async def call(self, procedure: int, arguments: Any, result: Any) -> Any:
        """The resok of any procedure."""
        answer = await self._calls.ask(
            nfs3.PROGRAM, nfs3.VERSION, procedure, type(arguments), arguments, result
        )
        if answer.discriminant is not nfsstat3.NFS3_OK:
            raise NfsError(answer.discriminant)
        return answer.arm

    async def getattr(self, handle: bytes) -> fattr3:
        """The attributes behind a handle."""
        found = await self.call(1, nfs3.GETATTR3args(nfs_fh3(handle)), nfs3.GETATTR3res)
        attributes: fattr3 = found.obj_attributes
        return attributes

    async def lookup(self, directory: bytes, name: str) -> Entry:
        """What a name stands for; links are not followed."""
        what = diropargs3(nfs_fh3(directory), name.encode(errors="surrogateescape"))
        found = await self.call(3, nfs3.LOOKUP3args(what), nfs3.LOOKUP3res)
        return await self._entry(name, found.object.data, found.obj_attributes)

    async def walk(self, path: str) -> Entry:
        """What is at a path below the mount; links are not followed."""
        entry = await self._entry("/", self.root, None)
        for name in filter(None, path.split("/")):
            entry = await self.lookup(entry.handle, name)
        return entry

    async def readlink(self, handle: bytes) -> str:
        """The text of a link."""
        found = await self.call(5, nfs3.READLINK3args(nfs_fh3(handle)), nfs3.READLINK3res)
        return str(found.data, "utf-8", "surrogateescape")

    async def list(self, directory: Entry) -> AsyncIterator[Entry]:
        """The entries of a directory, without "." and ".."; any number of them, a reply at a time."""
        cookie, verifier, eof = 0, bytes(nfs3.NFS3_COOKIEVERFSIZE), False
        while not eof:
            arguments = nfs3.READDIRPLUS3args(
                nfs_fh3(directory.handle), cookie, verifier, LIST_NAMES_BYTES, LIST_BYTES
            )
            found = await self.call(17, arguments, nfs3.READDIRPLUS3res)
            for entry in found.reply.entries:
                cookie = entry.cookie
                name = str(entry.name, "utf-8", "surrogateescape")
                if name in (".", ".."):
                    continue
                if entry.name_handle is None:
                    yield await self.lookup(directory.handle, name)
                else:
                    yield await self._entry(name, entry.name_handle.data, entry.name_attributes)
            verifier, eof = found.cookieverf, found.reply.eof

    async def read(self, file: Entry) -> AsyncIterator[bytes]:
        """The bytes of a file, from the first to where it ends now."""
        offset, eof = 0, False
        while not eof:
            arguments = nfs3.READ3args(nfs_fh3(file.handle), offset, READ_BYTES)
            found = await self.call(6, arguments, nfs3.READ3res)
            offset, eof = offset + found.count, found.eof
            if found.count:
                yield bytes(found.data)
            elif not eof:
                raise NfsError(nfsstat3.NFS3ERR_IO)

    async def _entry(self, name: str, handle: bytes, attributes: fattr3 | None) -> Entry:
        if attributes is None:
            attributes = await self.getattr(handle)
        target = await self.readlink(handle) if attributes.type is ftype3.NF3LNK else ""
        return Entry(name, handle, attributes, target)
