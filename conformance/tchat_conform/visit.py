"""Visits: whether a server takes in who comes now, and still does so once somebody has left."""

from tchat_conform.run import Run
from tchat_conform.verdict import Stopped
from tchat_conform.world import World

VISITS = 2
"""How many people come, one after the other, before it is said that nobody is taken in any more."""
BREATH = 0.01
"""Seconds in which a connection is cut, where nothing else tells that the server is past its hello."""


async def takes_in(run: Run) -> bool:
    """Tell whether the server answers who says hello now, and does not cut the connection then."""
    world = World(run)
    try:
        user = await world.stranger("visitor")
        answered = await user.answer_to(await user.says("client-hello")) is not None
        if await run.past_all(run.patience) is None:
            await user.connection.wait_until(lambda: False, BREATH)  # it may be cut off behind the answer
    except Stopped:
        return False
    else:
        return answered and not user.connection.closed
    finally:
        await world.end()


async def takes_in_at_last(run: Run) -> bool:
    """Tell whether the server takes in one of those who come now: one alone may have had bad luck."""
    for _ in range(VISITS):
        if await takes_in(run):
            return True
    return False


async def is_spoilt_by_leaving(run: Run) -> bool:
    """Tell whether a server takes in nobody any more once somebody has come and left, as one started anew shows.

    Leaves a fresh server behind where the suite may start it. Raises TargetError if it does not start again.
    """
    if run.target.can_restart:
        await run.restart_now(kill=True)
        if not await takes_in(run):
            return False
        await run.parted()
    return not await takes_in_at_last(run)
