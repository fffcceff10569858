"""Uvicorn, with a bound on connections: clients that say nothing cannot keep others out."""

import uvicorn

from s2r.apps.local_server import most_connections


class FairServer(uvicorn.Server):
    """With more than ``most`` connections the oldest ones without a complete request are closed."""

    most: int
    _arrived: dict

    def __init__(self, config: uvicorn.Config):
        super().__init__(config)
        # Half of what `s2r rate` takes: Gradio opens files of its own.
        self.most = max(2, most_connections() // 2)
        self._arrived = {}

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn ten times a second."""
        open_now = self.server_state.connections
        new = [one for one in open_now if one not in self._arrived]
        self._arrived = {one: None for one in [*self._arrived, *new] if one in open_now}
        excess = len(self._arrived) - self.most
        if excess > 0:
            # A request that is being answered comes last.
            waiting = sorted(self._arrived, key=_is_answering)
            for connection in waiting[:excess]:
                connection.transport.abort()
        return await super().on_tick(counter)


def _is_answering(connection) -> bool:
    cycle = connection.cycle
    return cycle is not None and not cycle.response_complete and not cycle.more_body
