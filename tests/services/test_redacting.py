"""
The look before anything leaves: what is shown is what is sent, and what a person changes is written down.
"""

import json

import asyncpg
import pytest

from app.domain.four_eyes import SecondPersonNeeded
from app.domain.redaction import NotReviewable, UnknownRow
from app.services import packaging, steps, supplements
from app.services.packaging import PackageMoved, PackageNotSeen, PackageReleased, PackageStale, ReleasedByTheRequester
from app.services.supplements import NewSupplement
from tests.harness.house import ADMIN, AGENT, APPROVER, CHIEF, CUSTOMER
from tests.services.by_hand import CONTROLLER, look
from tests.services.copies import change, copy_of, files_of, gives, preview, redact, rows_in, sealed

CANARY = "zq-canary-7f3e"
NOTES = gives(contact=[{"at": "2026-04-11", "text": "Vill byta batteri."}, {"at": "2026-05-02", "text": CANARY}])
EVERYTHING = gives(
    contact=[{"name": "Anna", "author": "Kundtjänst 4", "text": "Hej"}],
    credentials=[{"user_name": "anna", "password": CANARY}],
    photo_video=[{"image_id": "B1", "at": "2026-09-14", "camera": "Altan"}],
    call_recording=[{"call_id": "S1", "speaker": "caller", "transcript": "Det var jag."}],
    alarm_history=[
        {"at": "07:42", "sia_code": "CL", "user_is_subject": True},
        {"at": "17:05", "sia_code": "OP", "user_name": "Björn", "user_is_subject": False},
    ],
    transmitter_log=[{"at": "03:00", "zone": "2"}],
)
# Telephony is asked for recordings; the alarm centre for the rest.
CALLS = {"telephony": gives(call_recording=EVERYTHING["records"][3]["rows"])}
CENTRE = {**EVERYTHING, "records": [one for one in EVERYTHING["records"] if one["category"] != "call_recording"]}


class TestPreview:
    @pytest.mark.parametrize("right", ["access", "portability"])
    async def test_shows_what_is_sent(self, house, right):
        """
        The rows of the preview are the rows in the sealed file, each of them and no other.
        """
        request_id = await sealed(house, right, alarm_centre=CENTRE, others=CALLS)
        seen = await preview(house, request_id)
        files = await files_of(house, request_id)
        sent = {
            (part["processor"], category["category"]): category["rows"]
            for part in seen["processors"]
            for category in json.loads(files[f"data/{part['processor']}.json"])["categories"]
        }
        shown = {
            (part["processor"], category["category"]): [row["content"] for row in category["rows"] if row["leaves"]]
            for part in seen["processors"]
            for category in part["categories"]
            if category["leaves"]
        }

        assert shown == sent
        assert any(shown.values())

    async def test_gives_each_mask_and_each_row_that_stays_its_reason(self, house):
        """
        R15-9: why, under which law, in the person's words; and what a person may still do about it.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)
        rows = {(category, row["leaves"]): row for _, category, row in rows_in(await preview(house, request_id))}

        assert rows["alarm_history", False]["reason"]["code"] == "rights_of_others"
        assert rows["alarm_history", False]["may"] == {}
        assert rows["alarm_history", False].get("before") is None
        assert rows["credentials", False]["reason"]["source"] == "GDPR Art. 5(1)(f), 32(1)"
        assert rows["photo_video", False]["may"]["show"] == ["masked_externally"]
        assert rows["photo_video", False]["before"]["camera"] == "Altan"
        assert [(one["field"], one["code"]) for one in rows["contact", True]["masks"]] == [("author", "employee_name")]
        assert rows["contact", True]["may_show_fields"] == {"author": ["indispensable"]}

    async def test_shows_no_secret_to_staff_either(self, house):
        """
        F30: a password is masked for whoever looks, wherever it lies.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)

        assert CANARY not in json.dumps(await preview(house, request_id))

    async def test_is_written_down_with_who_looked_at_which_version(self, house):
        """
        F21 (Verisure): who viewed which export, in a chain that nobody changes.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        seen = await preview(house, request_id, actor=CHIEF)
        ((actor, facts),) = await house.sql(
            "SELECT actor_ref, facts FROM audit_entry WHERE step = 'package:read' AND request_id = $1", request_id
        )

        assert actor == CHIEF.ref
        assert json.loads(facts) == {"sha256": seen["sha256"], "version": 1}

    async def test_is_not_for_the_one_who_asked(self, house):
        """
        A colleague who asks for their own copy does not read at their desk what is kept back from them.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)
        with pytest.raises(ReleasedByTheRequester):
            await preview(house, request_id, actor=CUSTOMER)

    async def test_is_refused_where_it_would_show_something_else_than_is_sealed(self, house):
        """
        What is told beside the data has changed since: the package is made anew before anybody looks or releases.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        async with house.tx(CONTROLLER) as tx:
            said = [NewSupplement(path="transfers", sv="Till Norge.", en="To Norway.")]
            await supplements.settle(tx, house.ctx, CONTROLLER, said, actor=ADMIN)
        with pytest.raises(PackageStale):
            await preview(house, request_id)
        await redact(house, request_id)

        assert (await preview(house, request_id))["version"] == 2
        assert "Till Norge." in (await files_of(house, request_id))["README.html"].decode()


class TestRedaction:
    async def test_makes_the_package_anew_and_destroys_the_one_before(self, house):
        """
        What should not go out does not lie about: new file, new hash, the old file gone, and the letter tells of it.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        before = await preview(house, request_id)
        (before_row,) = await house.sql("SELECT file, sha256 FROM package")
        await redact(house, request_id, change(rows_in(before)[1], "hide", "others_freedoms", note=""))
        await look(house, request_id)
        (after_row,) = await house.sql("SELECT file, sha256, version, left_out, former_file FROM package")
        store = house.ctx.settings.data_dir / "packages"

        assert (after_row["version"], after_row["left_out"], after_row["former_file"]) == (2, 1, None)
        assert after_row["sha256"] != before_row["sha256"] == before["sha256"]
        assert [path.name for path in store.rglob("*.sealed")] == [after_row["file"].split("/")[1] + ".sealed"]
        assert CANARY not in json.dumps(await copy_of(house, request_id))
        assert (await house.steps_of(request_id)).count("package:destroyed") == 1
        async with house.tx() as tx:
            await house.release(tx, await steps.hold_open(tx, request_id))
        seen = await look(house, request_id)

        assert seen.outcomes() == {"access": "partly_granted"}
        assert "skada någon annans rättigheter och friheter" in (await house.letters(request_id))["fulfilment"]

    async def test_is_written_down_without_what_it_was_about(self, house):
        """
        Numbers and a version: neither rows nor their keys nor notes are in the chain.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        row = rows_in(await preview(house, request_id))[1]
        await redact(house, request_id, change(row, "hide", "secrecy"))
        chain = json.dumps([dict(one) for one in await house.sql("SELECT step, facts FROM audit_entry")])
        (facts,) = await house.sql("SELECT facts FROM audit_entry WHERE step = 'package:redacted'")

        assert json.loads(facts[0]) == {"hide": 1, "show": 0, "replace": 0, "version": 2}
        assert CANARY not in chain
        assert row[2]["row"] not in chain

    async def test_of_what_others_are_seen_in_is_partial_release_not_refusal(self, house):
        """
        F19 (CCTV): the picture waits to be masked; once it is, it leaves.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)
        seen = await preview(house, request_id)
        (picture,) = [one for one in rows_in(seen) if one[1] == "photo_video"]
        await redact(house, request_id, change(picture, "show", "masked_externally"))
        after = await preview(house, request_id)

        assert (seen["to_review"], after["to_review"]) == (1, 0)
        assert (await copy_of(house, request_id))["photo_video"] == [
            {"image_id": "B1", "at": "2026-09-14", "camera": "Altan"}
        ]

    async def test_gives_a_call_as_a_full_transcript(self, house):
        """
        F17 (Nordea; BE 57/2023): own voice or a full transcript; a summary is rejected until somebody writes it out.
        """
        summary = {"telephony": gives(call_recording=[{"call_id": "S1", "summary": "Kunden ringde om ett larm."}])}
        request_id = await sealed(house, "access", alarm_centre=NOTES, others=summary)
        (call,) = [one for one in rows_in(await preview(house, request_id)) if one[1] == "call_recording"]
        assert call[2]["reason"]["code"] == "summary_only"
        await redact(house, request_id, change(call, "replace", "full_transcript", text="– Vem där? – Anna."))

        assert await copy_of(house, request_id, "telephony") == {
            "call_recording": [{"call_id": "S1", "transcript": "– Vem där? – Anna."}]
        }

    @pytest.mark.parametrize("category", ["credentials", "alarm_history"])
    async def test_opens_neither_secrets_nor_other_peoples_movements(self, house, category):
        """
        F30, B1: whoever is tricked or pressed into it cannot do it either.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)
        (stays,) = [
            one for one in rows_in(await preview(house, request_id)) if one[1] == category and not one[2]["leaves"]
        ]
        with pytest.raises(NotReviewable):
            await redact(house, request_id, change(stays, "show", "reviewed"))

    async def test_is_not_made_by_whoever_then_releases(self, house):
        """
        Four eyes: who opened what the rules keep back does not also let it go; another person does.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)
        (picture,) = [one for one in rows_in(await preview(house, request_id)) if one[1] == "photo_video"]
        await redact(house, request_id, change(picture, "show", "masked_externally"), actor=APPROVER)
        with pytest.raises(SecondPersonNeeded):
            async with house.tx() as tx:
                await house.release(tx, await steps.hold_open(tx, request_id), actor=APPROVER)
        with pytest.raises(asyncpg.CheckViolationError, match="not_opened_by"):
            await house.sql("UPDATE package SET released_at = now(), released_by = $1", APPROVER.ref)
        async with house.tx() as tx:
            await house.release(tx, await steps.hold_open(tx, request_id), actor=CHIEF)

    async def test_stays_whose_it_was_when_somebody_else_sends_it_again(self, house):
        """
        A colleague who repeats the list does not take over what another opened.
        """
        request_id = await sealed(house, "access", alarm_centre=CENTRE)
        (picture,) = [one for one in rows_in(await preview(house, request_id)) if one[1] == "photo_video"]
        opened = change(picture, "show", "masked_externally")
        await redact(house, request_id, opened, actor=APPROVER)
        package = await redact(house, request_id, opened, version=2, actor=AGENT)

        assert package.opened_by == [APPROVER.ref]

    async def test_is_for_the_version_that_was_read(self, house):
        """
        Two people at once: the second reads again.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        await redact(house, request_id)
        with pytest.raises(PackageMoved):
            await redact(house, request_id, version=1)

    async def test_names_a_row_where_it_is(self, house):
        """
        A key with another place is a mistake, and a mistake changes nothing.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        processor, _, row = rows_in(await preview(house, request_id))[0]
        with pytest.raises(UnknownRow):
            await redact(house, request_id, change((processor, "alarm_history", row), "hide", "secrecy"))

    async def test_is_never_the_requesters(self, house):
        """
        The person who asked, with a role in the house, changes nothing about their own package.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        with pytest.raises(ReleasedByTheRequester):
            await redact(house, request_id, actor=CUSTOMER)

    async def test_ends_with_the_release(self, house):
        """
        What the person has is not changed behind their back.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        async with house.tx() as tx:
            await house.release(tx, await steps.hold_open(tx, request_id))
        with pytest.raises(PackageReleased):
            await redact(house, request_id)


class TestRelease:
    async def test_is_of_what_was_seen(self, house):
        """
        Whoever lets a package go has opened this very version; a look at the one before is none.
        """
        request_id = await sealed(house, "access", alarm_centre=NOTES)
        first = await preview(house, request_id)
        package = await redact(house, request_id, change(rows_in(first)[0], "hide", "secrecy"))
        for sha256, refusal in ((first["sha256"], PackageMoved), (package.sha256, PackageNotSeen)):
            async with house.tx() as tx:
                row = await steps.hold_open(tx, request_id)
                with pytest.raises(refusal):
                    await packaging.release(tx, house.ctx, row, sha256=sha256, actor=APPROVER)
