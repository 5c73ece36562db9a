import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace

from guerdon.entrypoints.api import build_app
from guerdon.webhooks.streaming import EventStreams
from tests.shops import Shop
from tests.webhooks.feeds import Listener, commit


@contextmanager
def streams_of(shop: Shop, **bounds: float) -> Generator[Shop]:
    """Give the shop in a house whose streams have other bounds."""
    streams = EventStreams(shop.house.database, **bounds)  # pyright: ignore[reportArgumentType]
    streams.listen(shop.house.wakeups)
    yield replace(shop, house=replace(shop.house, streams=streams))
    assert streams.count == 0


async def test_a_stream_tells_what_happens_from_now_on(shop: Shop) -> None:
    await commit(shop.house.database, shop.tenant_id, 1)
    async with Listener(shop) as listener:
        await commit(shop.house.database, shop.tenant_id, 2, 3)
        await listener.until(lambda: len(listener.numbers) == 2)

        assert listener.numbers == [2, 3]
        assert "event: Pass:Updated\n" in listener.text


async def test_a_stream_wakes_at_a_commit_and_not_at_its_poll(shop: Shop) -> None:
    async with Listener(shop, "types=Pass:Created") as listener:
        await shop.house.wakeups.connected()
        begun = asyncio.get_running_loop().time()
        await shop.issue()
        await listener.until(lambda: "event: Pass:Created" in listener.text)

        assert asyncio.get_running_loop().time() - begun < 1


async def test_a_client_that_comes_back_gets_what_it_missed(shop: Shop) -> None:
    async with Listener(shop) as first:
        await commit(shop.house.database, shop.tenant_id, 1)
        await first.until(lambda: first.numbers == [1])
    await commit(shop.house.database, shop.tenant_id, 2)

    async with Listener(shop, headers={"last-event-id": first.last_id}) as second:
        await second.until(lambda: second.numbers == [2])


async def test_heartbeats_carry_the_place_also_of_those_who_wait_for_something_rare(shop: Shop) -> None:
    with streams_of(shop, heartbeat_s=0.1) as quick:
        async with Listener(quick, "types=Nothing:Ever") as listener:
            first = listener.last_id
            await commit(shop.house.database, shop.tenant_id, 1)
            await listener.until(lambda: listener.last_id != first)

            assert ": heartbeat\n" in listener.text
            assert listener.numbers == []


async def test_a_client_that_takes_nothing_is_dropped_and_delays_nobody(shop: Shop) -> None:
    with streams_of(shop, send_s_max=0.3) as quick:
        async with Listener(quick) as slow, Listener(quick) as good:
            slow.is_taking.clear()
            await commit(shop.house.database, shop.tenant_id, 1)
            await good.until(lambda: good.numbers == [1])
            await slow.until(lambda: quick.house.streams.count == 1)

            assert not good.is_over


async def test_a_client_that_leaves_is_forgotten(shop: Shop) -> None:
    with streams_of(shop) as quick:
        async with Listener(quick):
            assert quick.house.streams.count == 1
        assert quick.house.streams.count == 0


async def test_a_revoked_key_ends_the_stream(shop: Shop) -> None:
    key = await shop.make_key("Event.Read")
    with streams_of(shop, recheck_s=0.1) as quick:
        async with Listener(quick, headers={"x-api-key": key}) as listener, Listener(quick) as other:
            assert (await shop.ask("DELETE", "/admin/apiKeys/Event.Read")).status_code == 204
            await listener.until(lambda: listener.is_over)

            assert not other.is_over


async def test_there_are_only_so_many_streams(shop: Shop) -> None:
    with streams_of(shop, per_tenant_max=2) as quick:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(Listener(quick))
            refused = await stack.enter_async_context(Listener(quick))

            assert refused.status == 429
            assert "too_many_streams" in refused.text


async def test_streams_end_when_the_process_stops(shop: Shop) -> None:
    with streams_of(shop) as quick:
        async with Listener(quick) as listener:
            quick.house.streams.close()
            await listener.until(lambda: listener.is_over)


async def test_streams_at_one_place_share_one_look(shop: Shop) -> None:
    streams, app = shop.house.streams, build_app(shop.house)
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        place = await tx.value("SELECT pg_snapshot_xmin(pg_current_snapshot())")
    assert place
    async with AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(Listener(shop, app=app)) for _ in range(20)]
        await commit(shop.house.database, shop.tenant_id, 5)
        for listener in listeners:
            await listener.until(lambda listener=listener: listener.numbers == [5])
        assert streams.count == 20
