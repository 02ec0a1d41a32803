"""What is known of the server at an address, over all services that this process opens to it."""

from __future__ import annotations


class Peer:
    """``met``: an engine has answered at this address. From then on only its own words (a problem
    document) refuse a request; every other answer is an outage. ``ours``: whether it is our own
    kind of server; None: not known yet."""

    def __init__(self) -> None:
        self.met = False
        self.ours: bool | None = None
