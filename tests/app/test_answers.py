"""How answers leave: small ones must not wait for the other side's acknowledgement."""

import asyncio
import socket

import pytest

from sync.hq.page.server import _bound
from terminal.counter.server import bind


@pytest.mark.parametrize("listen", [bind, _bound], ids=["till", "head office"])
def test_answers_are_sent_without_waiting_for_more(listen):
    """Without TCP_NODELAY every answer on a connection that is kept took 44 ms."""

    async def accepted() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def take(_, writer: asyncio.StreamWriter) -> None:
            door = writer.get_extra_info("socket")
            found.set_result(door.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen("127.0.0.1:0")
        async with await asyncio.start_server(take, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            said = await asyncio.wait_for(found, 20)
            writer.close()
            await writer.wait_closed()
            return said

    assert asyncio.run(accepted())
