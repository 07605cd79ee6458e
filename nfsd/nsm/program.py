"""The status monitor, version 1 (X/Open NFS chapter 11): who wants to hear of whose restart.

We are the monitor of this machine where its portmapper is ours. A kernel that locks a file asks us to watch
the server; when we, the server, have started again, `tell_restart` calls it back, and it claims its locks
again. Clients on other machines have monitors of their own, which get SM_NOTIFY instead. What comes in as
SM_NOTIFY is a client that has started again, whose locks are therefore gone.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import xdr
from nfsd.nsm import types
from nfsd.nsm.monitored import Monitor, Monitored
from nfsd.portmap import Callbacks, Failure, is_local
from nfsd.rpc import Admit, Call, Program, procedure

log = logging.getLogger(__name__)

SM_NOTIFY = 6

TELLING_TRIES = 4
TELLING_PAUSE_SECONDS = 2.0
"""All tries fall into the 10 s for which locks can be claimed again."""

Rebooted = Callable[[str, str], Awaitable[None]]
"""Told the address and the name of a host that has started again."""


class StatusMonitor(Program, number=types.SM_PROG, version=types.SM_VERS):
    """Keeps `monitored`, and calls back through `callbacks`."""

    def __init__(
        self,
        monitored: Monitored,
        callbacks: Callbacks,
        rebooted: Rebooted,
        own_name: str,
        admit: Admit = lambda client: True,
    ) -> None:
        self._admit = admit
        self._monitored = monitored
        self._callbacks = callbacks
        self._rebooted = rebooted
        self._own_name = own_name
        self._tasks: set[asyncio.Task[None]] = set()

    def admits(self, client: str) -> bool:
        return self._admit(client)

    @procedure(1, types.sm_name, types.sm_stat_res)
    async def sm_stat(self, arguments: types.sm_name, call: Call) -> types.sm_stat_res:
        """Whether a host could be monitored: any could."""
        return types.sm_stat_res(types.res.STAT_SUCC, self._monitored.state)

    @procedure(2, types.mon, types.sm_stat_res)
    async def sm_mon(self, arguments: types.mon, call: Call) -> types.sm_stat_res:
        """Watch a host for a program of this machine."""
        wanted = arguments.mon_id.my_id
        monitor = Monitor(
            client=call.client,
            name=_text(arguments.mon_id.mon_name),
            program=wanted.my_prog,
            version=wanted.my_vers,
            procedure=wanted.my_proc,
            priv=arguments.priv.hex(),
        )
        taken = is_local(call.client) and await self._keep(monitor)
        return types.sm_stat_res(types.res.STAT_SUCC if taken else types.res.STAT_FAIL, self._monitored.state)

    @procedure(3, types.mon_id, types.sm_stat)
    async def sm_unmon(self, arguments: types.mon_id, call: Call) -> types.sm_stat:
        """Watch a host no longer."""
        name = _text(arguments.mon_name)
        mine = self._of(call.client, arguments.my_id)
        return await self._drop([each for each in mine if each.name == name])

    @procedure(4, types.my_id, types.sm_stat)
    async def sm_unmon_all(self, arguments: types.my_id, call: Call) -> types.sm_stat:
        """Watch no host any longer for this program."""
        return await self._drop(self._of(call.client, arguments))

    @procedure(SM_NOTIFY, types.stat_chge)
    async def sm_notify(self, arguments: types.stat_chge, call: Call) -> None:
        """A host has started again: its locks here are released, and those who watch it are told."""
        name = _text(arguments.mon_name)
        log.info("%s at %s has started again", name, call.client)
        await self._rebooted(call.client, name)
        for monitor in self._monitored.monitors:
            if monitor.name.lower() == name.lower():
                self._start(self._tell(monitor, arguments.state))

    def tell_restart(self) -> None:
        """Tell all who hold locks of ours that we have started again; goes on in the background."""
        local = {monitor.client for monitor in self._monitored.monitors}
        for monitor in self._monitored.monitors:
            self._start(self._tell_of_us(monitor))
        for address in dict.fromkeys(client.address for client in self._monitored.clients):
            if address not in local:
                self._start(self._notify(address))

    async def stop(self) -> None:
        """Give up what goes on in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, monitor: Monitor) -> bool:
        try:
            return await self._monitored.monitor(monitor)
        except OSError as error:
            log.error("%s is not watched, the list of who watches cannot be written: %s", monitor.name, error)
            return False

    async def _drop(self, gone: list[Monitor]) -> types.sm_stat:
        try:
            await self._monitored.unmonitor(gone)
        except OSError as error:  # who is still in the file is called once more than need be
            log.warning("the list of who watches is as it was: %s", error)
        return types.sm_stat(self._monitored.state)

    def _of(self, client: str, wanted: types.my_id) -> list[Monitor]:
        program = (wanted.my_prog, wanted.my_vers, wanted.my_proc)
        return [
            each
            for each in self._monitored.monitors
            if each.client == client and (each.program, each.version, each.procedure) == program
        ]

    def _start(self, telling: Awaitable[None]) -> None:
        task = asyncio.ensure_future(telling)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, monitor: Monitor, state: int) -> None:
        """Call a program back."""
        value = types.status(monitor.name.encode(), state, bytes.fromhex(monitor.priv))
        await self._call(
            monitor.client, monitor.program, monitor.version, monitor.procedure, xdr.pack(types.status, value)
        )

    async def _tell_of_us(self, monitor: Monitor) -> None:
        """Call a program back if it is us that it watches, by whichever name."""
        if await self._is_ours(monitor.name):
            await self._tell(monitor, self._monitored.state)

    async def _is_ours(self, name: str) -> bool:
        if name.lower() in ("localhost", self._own_name.lower()):
            return True
        named = await _addresses(name)
        return any(map(is_local, named)) or bool(named & await _addresses(self._own_name))

    async def _notify(self, address: str) -> None:
        """Tell a client's own monitor."""
        value = types.stat_chge(self._own_name.encode(), self._monitored.state)
        await self._call(address, types.SM_PROG, types.SM_VERS, SM_NOTIFY, xdr.pack(types.stat_chge, value))

    async def _call(self, address: str, program: int, version: int, number: int, arguments: bytes) -> None:
        """Call, and again where nobody answers: after a power cut all machines start at once."""
        for tries_left in reversed(range(TELLING_TRIES)):
            try:
                await self._callbacks.call(address, program, version, number, arguments)
                return
            except Failure as error:
                log.warning("%s could not be told of a restart: %s", address, error)
            if tries_left:
                await asyncio.sleep(TELLING_PAUSE_SECONDS)


async def _addresses(name: str) -> set[str]:
    """What a host name stands for; nothing if it is unknown, or none that could be."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return set()
    return {str(each[4][0]) for each in found}


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
