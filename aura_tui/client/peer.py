"""What this process knows of the server at an address, shared by all services opened to it."""

from __future__ import annotations


class Peer:
    """``met``: an engine has answered at this address. From then on only its own problem documents
    count as refusals; every other unexpected answer is an outage. ``ours``: whether it is our own
    kind of server; None: not known yet."""

    def __init__(self) -> None:
        self.met = False
        self.ours: bool | None = None
