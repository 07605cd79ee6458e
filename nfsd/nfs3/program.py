"""The NFS version 3 program: 22 procedures over the tree (RFC 1813 section 3.3).

GETATTR, LOOKUP, ACCESS, READ and the two listings pack their results themselves, from what is kept encoded
of each node; `nfsd.nfs3.fast` answers the same calls with the same functions where nothing has to be waited
for. All others go the general way. Nothing can be written: each procedure that would looks at its handles
and answers NFS3ERR_ROFS.
"""

import errno
import logging
from collections.abc import Callable, Iterator
from itertools import repeat
from operator import itemgetter
from typing import Any, NoReturn

import xdr
from nfsd.nfs3 import convert, fast, types
from nfsd.nfs3.listing import NO_ATTRIBUTES, USUAL_ENTRY, Page
from nfsd.nfs3.status import status
from nfsd.nfs3.types import Result, diropargs3, fattr3, nfs_fh3, wcc_data
from nfsd.rpc import Call, Credential, Fast, Packed, Procedure, Program, procedure
from nfsd.tree.networks import Networks
from nfsd.tree.node import Directory, Link, Node
from nfsd.tree.tree import Tree
from xdr.packer import FILL

log = logging.getLogger(__name__)

RTMAX_BYTES = 1 << 20
"""The most that one READ gives."""

DTPREF_BYTES = 1 << 20
"""Sixteen replies' worth: the buffer that a Linux program reads a directory with. Its kernel asks READDIRPLUS
until the first is full, so `find` need not look up 32,000 entries; of 64 KiB they were 2,000."""

PAGE_BYTES = 4096
MAXFILESIZE = 2**63 - 1
OK = bytes(4)
ATTRIBUTES = itemgetter(2)  # of an Entry


class NFS3(Program, number=types.PROGRAM, version=types.VERSION):
    """NFS version 3. `owner` is the uid and gid that everything shows; `space` gives total and free bytes."""

    read_max = RTMAX_BYTES

    def __init__(
        self,
        tree: Tree,
        networks: Networks,
        owner: tuple[int, int] = (0, 0),
        space: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        self.tree = tree
        self.owner = owner
        self._networks = networks
        self._space = space
        self._encode = convert.encoder(tree.handles.make, tree.id, *owner)

    def admits(self, client: str) -> bool:
        return self._networks.admit(client)

    def fast(self, procedure: int, credential: Credential, at: int) -> Fast | None:
        answer = fast.ANSWERS.get(procedure)
        return None if answer is None else answer(self, credential, at)

    @procedure(1, types.GETATTR3args, types.GETATTR3res)
    async def getattr(self, args: types.GETATTR3args, call: Call) -> Packed:
        """Section 3.3.1."""
        node = await self.tree.resolve(args.object.data)
        return Packed([OK, self.encoded(node)[convert.FATTR3]])

    @procedure(2, types.SETATTR3args, types.SETATTR3res)
    async def setattr(self, args: types.SETATTR3args, call: Call) -> NoReturn:
        """Section 3.3.2."""
        await self._refuse(args)

    @procedure(3, types.LOOKUP3args, types.LOOKUP3res)
    async def lookup(self, args: types.LOOKUP3args, call: Call) -> Packed:
        """Section 3.3.3."""
        directory = await self.tree.resolve(args.what.dir.data)
        node = await self.tree.lookup(directory, convert.name(args.what.name))
        return Packed([self.found(directory, node)])

    @procedure(4, types.ACCESS3args, types.ACCESS3res)
    async def access(self, args: types.ACCESS3args, call: Call) -> Packed:
        """Section 3.3.4."""
        node = await self.tree.resolve(args.object.data)
        granted = args.access & convert.granted(node.type, self.owner, call.credential)
        return Packed([OK, self.encoded(node)[convert.POST_OP_ATTR], granted.to_bytes(4, "big")])

    @procedure(5, types.READLINK3args, types.READLINK3res)
    async def readlink(self, args: types.READLINK3args, call: Call) -> types.READLINK3resok:
        """Section 3.3.5."""
        node = await self.tree.resolve(args.symlink.data)
        if not isinstance(node, Link):
            raise OSError(errno.EINVAL, "not a symbolic link")
        return types.READLINK3resok(self.attributes(node), node.target.encode())

    @procedure(6, types.READ3args, types.READ3res)
    async def read(self, args: types.READ3args, call: Call) -> Packed:
        """Section 3.3.6."""
        node = await self.tree.resolve(args.file.data)
        data = await self.tree.read(node, args.offset, min(args.count, RTMAX_BYTES))
        return Packed(self.content(node, args.offset, data))

    @procedure(7, types.WRITE3args, types.WRITE3res)
    async def write(self, args: types.WRITE3args, call: Call) -> NoReturn:
        """Section 3.3.7."""
        await self._refuse(args)

    @procedure(8, types.CREATE3args, types.CREATE3res)
    async def create(self, args: types.CREATE3args, call: Call) -> NoReturn:
        """Section 3.3.8."""
        await self._refuse(args)

    @procedure(9, types.MKDIR3args, types.MKDIR3res)
    async def mkdir(self, args: types.MKDIR3args, call: Call) -> NoReturn:
        """Section 3.3.9."""
        await self._refuse(args)

    @procedure(10, types.SYMLINK3args, types.SYMLINK3res)
    async def symlink(self, args: types.SYMLINK3args, call: Call) -> NoReturn:
        """Section 3.3.10."""
        await self._refuse(args)

    @procedure(11, types.MKNOD3args, types.MKNOD3res)
    async def mknod(self, args: types.MKNOD3args, call: Call) -> NoReturn:
        """Section 3.3.11."""
        await self._refuse(args)

    @procedure(12, types.REMOVE3args, types.REMOVE3res)
    async def remove(self, args: types.REMOVE3args, call: Call) -> NoReturn:
        """Section 3.3.12."""
        await self._refuse(args)

    @procedure(13, types.RMDIR3args, types.RMDIR3res)
    async def rmdir(self, args: types.RMDIR3args, call: Call) -> NoReturn:
        """Section 3.3.13."""
        await self._refuse(args)

    @procedure(14, types.RENAME3args, types.RENAME3res)
    async def rename(self, args: types.RENAME3args, call: Call) -> NoReturn:
        """Section 3.3.14."""
        await self._refuse(args)

    @procedure(15, types.LINK3args, types.LINK3res)
    async def link(self, args: types.LINK3args, call: Call) -> NoReturn:
        """Section 3.3.15."""
        await self._refuse(args)

    @procedure(16, types.READDIR3args, types.READDIR3res)
    async def readdir(self, args: types.READDIR3args, call: Call) -> Packed:
        """Section 3.3.16."""
        directory = await self.tree.resolve(args.dir.data)
        return await self._listing(directory, (args.cookie, args.count), plus=False)

    @procedure(17, types.READDIRPLUS3args, types.READDIRPLUS3res)
    async def readdirplus(self, args: types.READDIRPLUS3args, call: Call) -> Packed:
        """Section 3.3.17."""
        directory = await self.tree.resolve(args.dir.data)
        return await self._listing(directory, (args.cookie, args.dircount, args.maxcount), plus=True)

    @procedure(18, types.FSSTAT3args, types.FSSTAT3res)
    async def fsstat(self, args: types.FSSTAT3args, call: Call) -> types.FSSTAT3resok:
        """Section 3.3.18. Files are counted by no limit, so their numbers say nothing."""
        node = await self.tree.resolve(args.fsroot.data)
        total, free = self._space()
        return types.FSSTAT3resok(self.attributes(node), total, free, free, 0, 0, 0, invarsec=0)

    @procedure(19, types.FSINFO3args, types.FSINFO3res)
    async def fsinfo(self, args: types.FSINFO3args, call: Call) -> types.FSINFO3resok:
        """Section 3.3.19."""
        node = await self.tree.resolve(args.fsroot.data)
        return types.FSINFO3resok(
            obj_attributes=self.attributes(node),
            rtmax=RTMAX_BYTES,
            rtpref=RTMAX_BYTES,
            rtmult=PAGE_BYTES,
            wtmax=RTMAX_BYTES,
            wtpref=RTMAX_BYTES,
            wtmult=PAGE_BYTES,
            dtpref=DTPREF_BYTES,
            maxfilesize=MAXFILESIZE,
            time_delta=types.nfstime3(0, 1),
            properties=types.FSF3_SYMLINK | types.FSF3_HOMOGENEOUS,
        )

    @procedure(20, types.PATHCONF3args, types.PATHCONF3res)
    async def pathconf(self, args: types.PATHCONF3args, call: Call) -> types.PATHCONF3resok:
        """Section 3.3.20."""
        node = await self.tree.resolve(args.object.data)
        return types.PATHCONF3resok(
            obj_attributes=self.attributes(node),
            linkmax=1,
            name_max=convert.NAME_MAX,
            no_trunc=True,
            chown_restricted=True,
            case_insensitive=False,
            case_preserving=True,
        )

    @procedure(21, types.COMMIT3args, types.COMMIT3res)
    async def commit(self, args: types.COMMIT3args, call: Call) -> NoReturn:
        """Section 3.3.21."""
        await self._refuse(args)

    async def failure(self, procedure: Procedure, error: Exception, arguments: Any, call: Call) -> Any:
        """The status that stands for the exception, with the attributes that the procedure's failure arm
        takes."""
        failed = status(error)
        if failed is types.nfsstat3.NFS3ERR_SERVERFAULT:
            log.error("NFS %s from %s: a bug", procedure.name, call.client, exc_info=error)
        arm = getattr(types, f"{procedure.name}3resfail", None)
        if arm is None:
            return Result(failed, None)
        after = [await self._after(handle) for handle in handles_of(arguments)]
        whole = [
            wcc_data(None, after[place]) if field is wcc_data else after[place]
            for place, field in enumerate(arm.__xdr_fields__.values())
        ]
        return Result(failed, arm(*whole))

    def encoded(self, node: Node) -> bytes:
        """A node's attributes and handle as they stand in replies, encoded once."""
        if node.wire is None:
            (node.wire,) = self._encode([node.attributes])
        wire: bytes = node.wire
        return wire

    def attributes(self, node: Node) -> fattr3:
        """A node's attributes as a value."""
        return convert.attributes(self.encoded(node))

    def found(self, directory: Node, node: Node) -> bytes:
        """LOOKUP's result."""
        found, above = self.encoded(node), self.encoded(directory)
        return OK + found[convert.NFS_FH3] + found[convert.POST_OP_ATTR] + above[convert.POST_OP_ATTR]

    def content(self, node: Node, offset: int, data: bytes | memoryview) -> list[xdr.Part]:
        """READ's result; the data goes on by reference. No part is empty: asyncio spins on a last one."""
        count = len(data)
        head = convert.READ.pack(0, self.encoded(node), count, offset + count >= node.size, count)
        if not count:
            return [head]
        return [head, data, FILL[count % 4]] if count % 4 else [head, data]

    async def _listing(self, directory: Node, key: tuple[int, ...], plus: bool) -> Packed:
        """READDIR's or READDIRPLUS' result: entries after a cookie, from the directory's pages or made
        now."""
        if not isinstance(directory, Directory):
            raise OSError(errno.ENOTDIR, "not a directory")
        body = directory.pages.get(key)
        if body is None:
            since = self.tree.dropped
            body = await self._page(directory, key, plus)
            self.tree.keep_page(directory, key, body, since)
        return Packed([OK, self.encoded(directory)[convert.POST_OP_ATTR], body])

    async def _page(self, directory: Directory, key: tuple[int, ...], plus: bool) -> bytes:
        cookie = key[0]
        page = Page(key[-1], key[1]) if plus else Page(key[1])
        itself = self.encoded(directory) if plus else b""
        if cookie < 1 and not page.add(directory.fileid, b".", 1, itself):
            return page.packed(eof=False)
        if cookie < 2 and not page.add(directory.parent, b"..", 2, NO_ATTRIBUTES if plus else b""):
            return page.packed(eof=False)
        while True:
            limit = page.room // (USUAL_ENTRY + len(itself)) + 1
            entries = await self.tree.page(directory, cookie, limit)
            if not page.fill(entries, self._encode(map(ATTRIBUTES, entries)) if plus else repeat(b"")):
                return page.packed(eof=False)
            if len(entries) < limit:
                return page.packed(eof=True)
            cookie = entries[-1][0]

    async def _refuse(self, arguments: Any) -> NoReturn:
        """Answer that nothing can be written here, once the handles are good."""
        for handle in handles_of(arguments):
            await self.tree.resolve(handle.data)
        raise OSError(errno.EROFS, "everything is read-only over NFS")

    async def _after(self, handle: nfs_fh3) -> fattr3 | None:
        """The attributes behind a handle, None where they are not to be had."""
        try:
            return self.attributes(await self.tree.resolve(handle.data))
        except OSError:
            return None


def handles_of(arguments: Any) -> Iterator[nfs_fh3]:
    """The file handles of a procedure's arguments, in order: those that its failure arm has attributes of."""
    for field in arguments.__xdr_fields__:
        value = getattr(arguments, field)
        if isinstance(value, nfs_fh3):
            yield value
        elif isinstance(value, diropargs3):
            yield value.dir
