"""Locking as one thing to start and stop: the status monitor, the lock manager, and the file that outlives
them."""

import logging
from pathlib import Path

from nfsd.nlm4.keeper import Keeper, Resolve
from nfsd.nlm4.program import NLM4
from nfsd.nsm import Monitored, StatusMonitor
from nfsd.portmap import Callbacks, Mappings, mapping
from nfsd.rpc import Admit, Program
from nfsd.rpc.client import UdpCalls

log = logging.getLogger(__name__)


class Locking:
    """The two programs; both belong on TCP and on UDP, and their ports into `mappings`."""

    def __init__(
        self,
        monitored: Monitored,
        mappings: Mappings,
        callbacks: Callbacks,
        resolve: Resolve,
        own_name: str,
        admit: Admit,
    ) -> None:
        self._monitored = monitored
        self._mappings = mappings
        self._callbacks = callbacks
        self._keeper = Keeper(monitored, callbacks, resolve)
        self._monitor = StatusMonitor(monitored, callbacks, self._keeper.rebooted, own_name, admit)
        self.programs: tuple[Program, ...] = (self._monitor, NLM4(self._keeper, callbacks, admit))

    @classmethod
    async def start(
        cls,
        file: Path,
        mappings: Mappings,
        datagrams: UdpCalls,
        resolve: Resolve,
        own_name: str,
        admit: Admit = lambda client: True,
    ) -> "Locking":
        """Begin from what `file` says, and count this start in its state number.

        `datagrams` calls clients back: its socket should have the address that NFS is served on and, for
        Linux clients on this machine to claim their locks again after a restart, a port below 1024.
        `resolve` raises OSError for a handle of no file, `admit` says whose calls are answered. Serve the
        programs next, then call `tell_restart`.
        """
        monitored = Monitored(file)
        monitored.load()
        for client, *numbers in monitored.callbacks:
            mappings.set(client, mapping(*numbers))
        made = cls(monitored, mappings, Callbacks(datagrams, mappings), resolve, own_name, admit)
        mappings.changed = made._mapped
        try:
            await monitored.save()
        except OSError as error:  # on a disk that is full, reading goes on
            log.warning(
                "this start is not written down, locks may not be had again after the next: %s", error
            )
        return made

    def tell_restart(self) -> None:
        """Tell those who held locks; call it once the programs are served, for they answer at once."""
        self._monitor.tell_restart()

    async def stop(self) -> None:
        """Call nobody any more, and leave behind who holds locks."""
        self._mappings.changed = lambda: None
        await self._monitor.stop()
        await self._keeper.stop()
        self._callbacks.close()

    def _mapped(self) -> None:
        """Keep where clients on this machine listen: they will not say it again when we have restarted."""
        self._monitored.callbacks = [
            (client, each.prog, each.vers, each.prot, each.port)
            for client, each in self._mappings.callbacks()
        ]
        self._keeper.start(self._save())

    async def _save(self) -> None:
        try:
            await self._monitored.save()
        except OSError as error:
            log.warning("where lock managers of clients listen is not written down: %s", error)
