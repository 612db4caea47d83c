import time, asyncio
from tests.harness.house import described
class TestProbe:
    async def test_one(self, house):
        async with house.working():
            rid = await house.file("securitas","access")
            seen = await house.until_closed(rid)
        for t in seen.tasks:
            async with house.tx() as tx:
                from app.services import tasks as T
                print("TASK", seen.keys[t.processor_id], t.action, t.outcome, t.closed_by, t.attempts, str(T.answer_of(house.ctx, seen.row, t))[:300])
        print(*[dict(r) for r in await house.sql("select verb,outcome,code from attempt")])
        for r in await house.sql("select step,facts from audit_entry where step like 'task:esc%'"): print("ESC", r)
        assert 0
