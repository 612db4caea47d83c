"""
The daily checkpoint as it is made: from the tables into a file that is never written over, and refused over a lie.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app import clock
from app.domain.audit_export import verify_export
from app.domain.checkpoints import ChainsWentBack, as_noted, follow
from app.services import checkpoints, evidence, own_retention
from app.services.checkpoints import CheckpointsBroken
from app.vault.signing import SigningKey, is_signed
from tests.harness.house import House, eventually
from tests.services.by_hand import look

CONTROLLER = "westra"
KEY = SigningKey(b"checkpoint test key of 32 bytes!")


async def tomorrow(house: House) -> None:
    async with house.tx() as tx:
        await clock.move(tx.session, to=tx.now + timedelta(days=1))


def folder(house: House) -> Path:
    return house.ctx.settings.data_dir / "journal" / CONTROLLER


async def texts(house: House) -> list[str]:
    return [one.read_text() for one in await house.ctx.journal.checkpoints(CONTROLLER)]


async def checked(house: House) -> tuple[int, bool]:
    """How many checkpoints there are, and whether export and checkpoints fit, by the public key alone."""
    standing, faults, _ = follow(
        await texts(house), controller=CONTROLLER, check=lambda said, by: is_signed(KEY.public, said, by)
    )
    async with house.tx(CONTROLLER) as tx:
        lines = list(await evidence.export_of_controller(tx, CONTROLLER))
    report = verify_export(lines, checkpoint=as_noted(CONTROLLER, standing.heads))
    return standing.number, report.is_sound and not faults


async def tampered(house: House, statement: str, request_id: UUID) -> None:
    """What somebody with the owner's rights could do."""
    async with house.superuser() as connection:
        await connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only")
        await connection.execute(statement, request_id)
        await connection.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only")


class TestDailyCheckpoint:
    async def test_is_made_once_a_day(self, house: House):
        """
        Level-triggered: today's is missing, so it is made; it is there, so nothing is done.
        """
        await house.file(CONTROLLER, "access")

        assert await checkpoints.make_due(house.ctx, KEY) == 1
        assert await checkpoints.make_due(house.ctx, KEY) == 0
        await tomorrow(house)
        assert await checkpoints.make_due(house.ctx, KEY) == 1
        assert await checked(house) == (2, True)

    async def test_is_made_for_no_controller_without_a_chain(self, house: House):
        """
        There is nothing to say.
        """
        assert await checkpoints.make_due(house.ctx, KEY) == 0
        assert not folder(house).exists()

    async def test_is_made_by_one_of_many_processes(self, house: House):
        """
        Any number of workers; one of them writes the day's.
        """
        await house.file(CONTROLLER, "access")
        made = await asyncio.gather(*(checkpoints.make(house.ctx, CONTROLLER, KEY) for _ in range(5)))

        assert len([one for one in made if one is not None]) == 1
        assert await checked(house) == (1, True)

    async def test_is_never_written_over(self, house: House):
        """
        A name is used once.
        """
        await house.file(CONTROLLER, "access")
        made = await checkpoints.make(house.ctx, CONTROLLER, KEY)
        with pytest.raises(FileExistsError):
            await house.ctx.journal.add_checkpoint(CONTROLLER, made.file_name, "{}")

        assert await checked(house) == (1, True)
        assert [one.name for one in folder(house).iterdir()] == [made.file_name]

    async def test_covers_chains_of_requests_that_were_erased(self, house: House):
        """
        Art. 5(2): that a case file was erased, and when, stays provable when nothing else of it is left.
        """
        request_id = await house.file(CONTROLLER, "access")
        await house.sql("UPDATE request SET phase = 'closed', closed_at = now(), next_at = NULL")
        await checkpoints.make_due(house.ctx, KEY)
        async with house.tx() as tx:
            await clock.move(tx.session, to=tx.now + timedelta(days=800))
        assert (await own_retention.clean(house.ctx)).case_files == 1

        assert await checkpoints.make_due(house.ctx, KEY) == 1
        assert await checked(house) == (2, True)
        assert str(request_id) in (await texts(house))[1]

    @pytest.mark.parametrize(
        "statement",
        [
            pytest.param("DELETE FROM audit_entry WHERE request_id = $1 AND seq > 1", id="end cut off"),
            pytest.param("DELETE FROM audit_entry WHERE request_id = $1", id="chain gone"),
            pytest.param(
                "UPDATE audit_entry SET hash = repeat('a', 64) WHERE request_id = $1 AND seq ="
                " (SELECT max(seq) FROM audit_entry WHERE request_id = $1)",
                id="written anew",
            ),
        ],
    )
    async def test_is_refused_over_a_chain_that_went_back(self, house: House, statement: str):
        """
        Whoever owns the tables can change them; what was signed elsewhere before is not signed away.
        """
        request_id = await house.file(CONTROLLER, "access")
        await look(house, request_id)
        await checkpoints.make_due(house.ctx, KEY)
        await tampered(house, statement, request_id)
        await tomorrow(house)

        with pytest.raises(ChainsWentBack):
            await checkpoints.make(house.ctx, CONTROLLER, KEY)
        assert await checkpoints.make_due(house.ctx, KEY) == 0
        assert await checked(house) == (1, False)

    async def test_goes_on_after_a_restore_and_says_so(self, house: House):
        """
        A database comes back from last night's backup: chains are shorter, and the next checkpoint tells everybody.
        """
        request_id = await house.file(CONTROLLER, "access")
        await look(house, request_id)
        await checkpoints.make_due(house.ctx, KEY)
        await tampered(house, "DELETE FROM audit_entry WHERE request_id = $1 AND seq > 1", request_id)
        made = await checkpoints.make(house.ctx, CONTROLLER, KEY, starts_over=True)

        assert made.starts_over
        assert await checked(house) == (2, True)

    async def test_does_not_go_on_from_files_that_were_changed(self, house: House):
        """
        Nothing is added to a row of checkpoints that no longer fits, or is another key's.
        """
        await house.file(CONTROLLER, "access")
        made = await checkpoints.make(house.ctx, CONTROLLER, KEY)
        path = folder(house) / made.file_name
        await tomorrow(house)
        with pytest.raises(CheckpointsBroken):
            await checkpoints.make(house.ctx, CONTROLLER, SigningKey(b"another key, also of 32 bytes!!!"))
        path.write_text(path.read_text().replace('"size":1', '"size":2'))
        with pytest.raises(CheckpointsBroken):
            await checkpoints.make(house.ctx, CONTROLLER, KEY)

    async def test_goes_on_under_a_new_key_that_names_the_old(self, house: House, tmp_path: Path):
        """
        Keys are changed: the new file names the public half of the old one, whose checkpoints still count.
        """
        await house.file(CONTROLLER, "access")
        await checkpoints.make(house.ctx, CONTROLLER, KEY)
        await tomorrow(house)
        file = tmp_path / "checkpoint.key"
        file.write_text(f"{SigningKey.generate()}\npublic:{KEY.public}\n")

        assert await checkpoints.make(house.ctx, CONTROLLER, SigningKey.from_file(file))


class TestWorker:
    async def test_makes_the_days_checkpoint_and_cleans(self, house: House):
        """
        Nobody has to remember it: any worker does.
        """
        from app.worker import Worker

        await house.file(CONTROLLER, "access")
        stop = asyncio.Event()
        at_work = asyncio.create_task(Worker(house.ctx, url=house.db.app_dsn, signing=KEY).run(stop))
        try:
            await eventually(lambda: texts(house))
        finally:
            stop.set()
            await at_work
