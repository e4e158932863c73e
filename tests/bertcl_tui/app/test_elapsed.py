"""What takes long says so on top, and for how long."""

from threading import Event

from bertcl_tui.app.app import BertclApp
from bertcl_tui.widgets.frame import TopBar
from tests.bertcl_tui.conftest import OpenApp
from tests.bertcl_tui.waiting import until


async def test_what_takes_more_than_a_second_is_said_with_its_time(open_app: OpenApp) -> None:
    async with open_app() as pilot:
        app, over, moment = pilot.app, Event(), [100.0]
        assert isinstance(app, BertclApp)
        app.elapsed.clock = lambda: moment[0]
        app.run_worker(over.wait, thread=True, group="control", description="starting workers")

        def on_top() -> str:
            return str(app.screen.query_one(TopBar).render())

        app.elapsed.look()
        assert "starting" not in on_top()
        moment[0] += 3
        app.elapsed.look()
        assert on_top().rstrip().endswith("starting workers… 3 s")
        over.set()
        await until(pilot, lambda: "starting" not in on_top())
