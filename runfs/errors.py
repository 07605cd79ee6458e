"""What a command says when it cannot do what was asked."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot go on: its text is one line for the user, `status` is the exit status.

    2 is for what the user can mend (a flag, a port, a folder), and the line says how; 1 is for an answer that
    is no (absent, not mountable).
    """

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status
