"""A gate as one would write it with panoramisk's FastAGI and redis.asyncio: one look-up, one answer, no rules, no log.

    python panoramisk_peer.py STORE_URL          says `listening on PORT`
"""

import asyncio
import sys

from panoramisk import fast_agi
from redis import asyncio as redis


async def main(store_url: str) -> None:
    store = redis.Redis.from_url(store_url)

    async def decide(request: fast_agi.Request) -> None:
        check = await store.get(f"registry:acme:+39{request.headers['agi_arg_1']}")
        verdict = "ALLOW" if check is not None and check.startswith(b"0") else "DENY"
        await request.send_command(f'SET VARIABLE GATE_VERDICT "{verdict}"')

    application = fast_agi.Application(loop=asyncio.get_running_loop())
    application.add_route("gate", decide)
    server = await asyncio.start_server(application.handler, "127.0.0.1", 0, backlog=1024)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
