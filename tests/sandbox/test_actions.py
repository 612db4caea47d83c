import json

import pytest

from sandbox.inspection import held_about
from sandbox.people import BY_ID

from .outside import Outside

SENSOR = "sensor-alarm"


def file_of(outside: Outside, service: str, person: str = "anna-lindqvist", controller: str = SENSOR):
    """What *service* still holds about *person*: its marks and its rows by kind; nothing if it knows no such person."""
    for found in held_about(outside.store, service, person):
        if found["controller"] == controller:
            return found["marks"], {each["kind"]: each["rows"] for each in found["records"]}
    return None


async def outcome(outside: Outside, service: str, action: str, *args, **kwargs):
    """The outcome of one task, whichever way the service gives it."""
    response = await outside.ask(service, action, *args, **kwargs)
    if response.status_code == 200:
        return response.json()
    assert response.status_code == 202
    task = json.loads(response.request.content)["data"]["task_id"]
    controller = response.request.url.path.strip("/")
    (row,) = outside.store.read(
        "SELECT outcome FROM answers WHERE service = ? AND controller = ? AND task = ?", service, controller, task
    )
    return json.loads(row["outcome"])


ALL = ("guard-company", "billing", "crm", "telephony")


class TestLocate:
    @pytest.mark.parametrize(
        ("service", "categories"),
        [
            ("guard-company", ["arm_disarm_history", "customer", "emergency_contacts", "gps"]),
            ("billing", ["bookkeeping_records", "customer"]),
            ("crm", ["customer", "emergency_contacts"]),
            ("telephony", ["call_recording", "customer"]),
        ],
    )
    async def test_names_the_categories_and_nothing_else(self, outside, service, categories):
        """
        Finding out who holds what needs no personal data in the answer.
        """
        found = await outcome(outside, service, "locate")

        assert found["outcome"] == "completed"
        assert found["found_categories"] == categories
        assert "records" not in found

    async def test_says_where_the_person_is_reached_and_since_when(self, outside):
        """
        For warning the person, and for telling a new address from an old one; a corrected one is new.
        """
        found = (await outcome(outside, "crm", "locate"))["facts"]
        details = {"field": "email", "value": "ny.adress@example.org"}
        await outcome(outside, "crm", "rectify", details=details)
        changed = (await outcome(outside, "crm", "locate", by=("customer_number",)))["facts"]
        ages = {one["value"]: one["since"] for one in changed["contacts"]}

        assert {one["type"] for one in found["contacts"]} == {"email", "phone"}
        assert ages["ny.adress@example.org"] > min(ages.values())
        assert "protected" not in found

    async def test_says_of_whom_must_not_be_found_that_they_must_not(self, outside):
        """
        The mark of the register travels with the first answer.
        """
        assert (await outcome(outside, "crm", "locate", "elin-dahl"))["facts"]["protected"] is True

    @pytest.mark.parametrize("service", ALL)
    async def test_does_not_find_a_stranger(self, outside, service):
        """
        Nobody by this name: said so, not left unsaid.
        """
        assert (await outcome(outside, service, "locate", "nils-falk"))["outcome"] == "not_found"

    @pytest.mark.parametrize("service", ALL)
    async def test_cannot_tell_two_of_the_same_name_apart(self, outside, service):
        """
        Several persons match: none of them is touched and a person has to look.
        """
        found = await outcome(outside, service, "locate", "eva-johansson", by=("name", "address"))

        assert found["outcome"] == "ambiguous"
        assert "found_categories" not in found

    async def test_tells_them_apart_by_a_number(self, outside):
        """
        One identifier of one's own is enough.
        """
        found = await outcome(outside, "billing", "locate", "eva-johansson", by=("name", "address", "customer_number"))

        assert found["outcome"] == "completed"

    async def test_keeps_to_the_categories_asked_for(self, outside):
        """
        A task about one category is no licence to look into the others.
        """
        found = await outcome(outside, "billing", "locate", data_categories=["bookkeeping_records"])

        assert found["found_categories"] == ["bookkeeping_records"]


class TestExport:
    async def test_gives_alarm_events_with_who_did_what(self, outside):
        """
        The history of a shared alarm holds own and other users' rows, told apart in every row.
        """
        answer = await outcome(outside, "guard-company", "export", data_categories=["arm_disarm_history"])
        (group,) = answer["records"]

        assert group["category"] == "arm_disarm_history"
        assert {row["user_is_subject"] for row in group["rows"]} == {True, False}

    @pytest.mark.parametrize("service", ALL)
    async def test_gives_flat_rows(self, outside, service):
        """
        Rows have names and plain values, so they can become a table.
        """
        answer = await outcome(outside, service, "export")
        values = [value for group in answer["records"] for row in group["rows"] for value in row.values()]

        assert values != []
        assert all(isinstance(value, str | int | float | bool) for value in values)

    async def test_leaves_the_ledger_without_personal_data(self, outside):
        """
        The ledger counts rows and names categories; what was in them stays with the person.
        """
        await outcome(outside, "billing", "export", by=("email",))
        written = json.dumps(outside.effects("billing"))

        assert not [value for _, value in BY_ID["anna-lindqvist"].identifiers if value in written]


class TestRectify:
    @pytest.mark.parametrize(("service", "kind"), [("guard-company", "account"), ("billing", "payer"), ("crm", "card")])
    async def test_changes_the_persons_own_card(self, outside, service, kind):
        """
        GDPR Art. 16: what is wrong about the person is put right where it is kept.
        """
        details = {"field": "address", "value": "Nygatan 1, 999 05 Provstad"}
        answer = await outcome(outside, service, "rectify", details=details)
        _, rows = file_of(outside, service)

        assert answer["outcome"] == "completed"
        assert rows[kind][0]["address"] == "Nygatan 1, 999 05 Provstad"

    async def test_leaves_other_people_alone(self, outside):
        """
        A customer's new number is not her neighbour's.
        """
        await outcome(outside, "crm", "rectify", details={"corrections": [{"field": "phone", "value": "070-1740699"}]})
        _, rows = file_of(outside, "crm")

        assert rows["contacts"][0]["phone"] == BY_ID["maria-nyberg"].phone

    async def test_finds_the_person_under_the_new_address_from_then_on(self, outside):
        """
        The register itself learns the correction; the old value no longer points at anybody.
        """
        await outcome(outside, "crm", "rectify", details={"field": "email", "value": "anna.ny@example.org"})
        found = await outcome(outside, "crm", "locate", by=("email",))

        assert found["outcome"] == "not_found"
        assert held_about(outside.store, "crm", "ANNA.NY@example.org") != []

    async def test_cannot_correct_what_is_not_held(self, outside):
        """
        A telephony provider has no address of anybody.
        """
        answer = await outcome(outside, "telephony", "rectify", details={"field": "address", "value": "x"})

        assert (answer["outcome"], answer["reason"]) == ("not_found", "field_not_held")


class TestErase:
    @pytest.mark.parametrize("service", ["guard-company", "crm", "telephony"])
    async def test_really_deletes(self, outside, service):
        """
        GDPR Art. 17: afterwards there is nothing left, and nobody to be found.
        """
        answer = await outcome(outside, service, "erase")
        again = await outcome(outside, service, "locate")

        assert answer["outcome"] == "completed"
        assert file_of(outside, service) is None
        assert again["outcome"] == "not_found"

    async def test_keeps_accounting_material(self, outside):
        """
        Bokföringslagen 7:2: each financial year until the end of the seventh after it; the rest goes.
        """
        answer = await outcome(outside, "billing", "erase")
        _, rows = file_of(outside, "billing")

        assert answer["outcome"] == "completed_partial"
        assert answer["retained"] == [
            {
                "category": "bookkeeping_records",
                "law": "BFL_7_2",
                "until": until,
                "reason": "accounting_material",
            }
            for until in ("2032-12-31", "2033-12-31")
        ]
        assert list(rows) == ["invoices"]
        assert {row["bookkeeping_date"][:4] for row in rows["invoices"]} == {"2025", "2026"}

    async def test_says_retained_when_everything_is_kept(self, outside):
        """
        Nothing could be deleted: another answer than a part.
        """
        await outcome(outside, "billing", "erase")
        answer = await outcome(outside, "billing", "erase", by=("customer_number",))

        assert answer["outcome"] == "retained"

    async def test_lets_go_when_the_law_does(self, outside):
        """
        The task's own date counts, so a movable clock can outlive the bookkeeping act.
        """
        answer = await outcome(outside, "billing", "erase", timestamp="2034-01-01T00:30:00+01:00")

        assert answer["outcome"] == "completed"

    async def test_keeps_on_the_last_day(self, outside):
        """
        The last day of the seventh year belongs to the law, to its last second in Sweden.
        """
        answer = await outcome(outside, "billing", "erase", timestamp="2033-12-31T22:59:59+00:00")

        assert answer["outcome"] == "completed_partial"

    async def test_leaves_the_other_user_of_the_same_alarm_his_rows(self, outside):
        """
        Erasing one person is not erasing the household.
        """
        await outcome(outside, "guard-company", "erase", "anna-lindqvist", by=("email",))

        assert file_of(outside, "guard-company", "bjorn-lindqvist") is not None

    async def test_leaves_other_controllers_their_files(self, outside):
        """
        One controller's instruction reaches that controller's data only.
        """
        await outcome(outside, "billing", "erase")

        assert "payer" in file_of(outside, "billing", controller="westila")[1]

    async def test_touches_nobody_when_several_match(self, outside):
        """
        An ambiguous name deletes nothing.
        """
        await outcome(outside, "crm", "erase", "eva-johansson", by=("name", "address"))

        assert file_of(outside, "crm", "eva-johansson") is not None
        assert file_of(outside, "crm", "eva-johansson-junior") is not None


class TestRestrict:
    async def uses(self, outside, purpose: str, service: str = "crm"):
        wish = {"identifier": {"type": "email", "value": BY_ID["anna-lindqvist"].email}, "purpose": purpose}
        return (await outside.client.post(f"{outside.urls[service]}/{SENSOR}/uses", json=wish)).status_code

    async def test_stops_every_use_but_not_the_copy(self, outside):
        """
        GDPR Art. 18(2): stored, and otherwise left alone; the person may still have a copy.
        """
        before = await self.uses(outside, "statistics")
        await outcome(outside, "crm", "restrict")

        assert (before, await self.uses(outside, "statistics")) == (200, 409)
        assert (await outcome(outside, "crm", "export"))["outcome"] == "completed"

    async def test_ends_when_lifted(self, outside):
        """
        GDPR Art. 18(3): what was lifted is over.
        """
        await outcome(outside, "crm", "restrict")
        await outcome(outside, "crm", "lift_restriction")

        assert await self.uses(outside, "statistics") == 200

    async def test_is_narrower_for_marketing(self, outside):
        """
        GDPR Art. 21(3): no more marketing; the contract goes on.
        """
        await outcome(outside, "crm", "stop_marketing")
        _, rows = file_of(outside, "crm")

        assert await self.uses(outside, "marketing") == 409
        assert await self.uses(outside, "contract") == 200
        assert [row["given"] for row in rows["consents"] if row["purpose"] == "marketing"] == [False]

    async def test_is_as_wide_as_the_purposes_named(self, outside):
        """
        GDPR Art. 7(3), 21(1): the purposes objected to stop, the others do not.
        """
        await outcome(outside, "crm", "stop_purposes", details={"purposes": ["surveys"]})

        assert [await self.uses(outside, p) for p in ("surveys", "marketing")] == [409, 200]


class TestOtherActions:
    @pytest.mark.parametrize("service", ["guard-company", "billing", "crm"])
    async def test_review_a_decision_by_a_person(self, outside, service):
        """
        GDPR Art. 22(3): a person has looked at what the machine decided.
        """
        answer = await outcome(outside, service, "review_decision")
        _, rows = file_of(outside, service)

        assert answer["outcome"] == "completed"
        assert rows["decisions"][0]["made_by"] == "person"

    async def test_review_nothing_where_no_machine_decides(self, outside):
        """
        A telephony provider has no decision to look at.
        """
        answer = await outcome(outside, "telephony", "review_decision")

        assert (answer["outcome"], answer["reason"]) == ("not_found", "no_automated_decision")

    @pytest.mark.parametrize("service", ALL)
    @pytest.mark.parametrize(("action", "mark"), [("freeze", "frozen"), ("restrict", "restricted"), ("notify", "told")])
    async def test_leave_their_mark(self, outside, service, action, mark):
        """
        What was ordered can be seen at the processor.
        """
        answer = await outcome(outside, service, action)
        marks, _ = file_of(outside, service)

        assert answer["outcome"] == "completed"
        assert marks[mark]

    @pytest.mark.parametrize("service", ALL)
    async def test_carry_evidence(self, outside, service):
        """
        Every outcome has a receipt that leads to its line in the ledger, and a time with an offset.
        """
        answer = await outcome(outside, service, "freeze")
        (effect,) = outside.effects(service)

        assert answer["evidence"]["receipt"] == f"{service}-{effect['id']:06d}"
        assert answer["evidence"]["at"].endswith("+00:00")
