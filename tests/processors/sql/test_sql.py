"""
The kind ``sql``: the controller's own alarm database, on PostgreSQL and on MariaDB.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import make_url, text

from app.domain.audit import as_code
from app.domain.fanout import Action, Outcome
from app.processors import Answer, Kind, Order, lacks
from tests.processors.answering import ORDER, places
from tests.processors.sql.conftest import PLAN, AlarmDatabase

ALL = ("contact", "alarm_history", "bookkeeping_records")
ANNA = {"customer_number": "C-10001"}
#: What both servers say to whoever writes in a transaction that only reads.
READ_ONLY = "25006"
#: A function that looks like a reading.
SLY = {
    "postgresql": "CREATE FUNCTION sly() RETURNS INTEGER LANGUAGE sql AS 'DELETE FROM event; SELECT 1'",
    "mariadb": "CREATE FUNCTION sly() RETURNS INTEGER MODIFIES SQL DATA BEGIN DELETE FROM event; RETURN 1; END",
}

BY_PHONE = [*PLAN["locate"], {"sql": "SELECT id AS person FROM customer WHERE phone = :phone"}]
ALL_INVOICES = {"category": "bookkeeping_records", "sql": "DELETE FROM invoice WHERE customer_id = :person"}


def order(action: Action, known: Mapping[str, str] = ANNA, *categories: str, **details: Any) -> Order:
    identifiers = tuple({"type": type_, "value": value, "format": "text"} for type_, value in known.items())
    return replace(ORDER, action=action, identifiers=identifiers, categories=categories, details=details)


async def answer(alarms: AlarmDatabase, asked: Order, **changes: Any) -> Answer:
    adapter = alarms.adapter(**changes)
    try:
        return await adapter.send(asked)
    finally:
        await adapter.aclose()


class TestSearch:
    @pytest.mark.parametrize("known", [ANNA, {"email": "anna@example.org"}, ANNA | {"email": "anna@example.org"}])
    async def test_finds_the_person_by_whatever_is_known(self, alarms: AlarmDatabase, known: Mapping[str, str]) -> None:
        """
        A statement runs when all it names is known; what a person has here is seen by the readings that give rows.
        """
        found = await answer(alarms, order(Action.LOCATE, known))

        assert found.outcome is Outcome.COMPLETED
        assert found.body["found_categories"] == sorted(ALL)

    @pytest.mark.parametrize("sql", ["number = :customer_number", "lower(number) = :customer_number"])
    async def test_by_a_number_finds_who_is_there_under_either_spelling(self, alarms: AlarmDatabase, sql: str) -> None:
        """
        As it was given, where capitals are told apart; in small letters, as statements were written to expect.
        """
        number = {"type": "customer_number", "value": "c-10001", "format": "text", "as_given": "C-10001"}
        asked = replace(order(Action.LOCATE), identifiers=(number,))
        found = await answer(alarms, asked, locate=[{"sql": f"SELECT id AS person FROM customer WHERE {sql}"}])  # noqa: S608

        assert found.outcome is Outcome.COMPLETED

    async def test_says_when_nobody_is_here(self, alarms: AlarmDatabase) -> None:
        """
        A terminal answer: nothing is held.
        """
        assert (await answer(alarms, order(Action.LOCATE, {"email": "no@example.org"}))).outcome is Outcome.NOT_FOUND

    @pytest.mark.parametrize(
        "known",
        [
            pytest.param({"email": "shared@example.org"}, id="one address, two people"),
            pytest.param({"customer_number": "C-10001", "email": "bo@example.org"}, id="her number, his address"),
        ],
    )
    @pytest.mark.parametrize("action", [Action.LOCATE, Action.EXPORT, Action.ERASE])
    async def test_goes_no_further_where_several_fit(
        self, alarms: AlarmDatabase, action: Action, known: Mapping[str, str]
    ) -> None:
        """
        GDPR Art. 12(6): a former partner's number beside her address is nobody's answer, and nothing is changed.
        """
        found = await answer(alarms, order(action, known, *ALL))

        assert (found.outcome, found.body.get("records")) == (Outcome.AMBIGUOUS, None)
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]

    @pytest.mark.parametrize("action", [Action.EXPORT, Action.ERASE, Action.RESTRICT])
    async def test_of_a_weaker_kind_touches_nobody_where_the_stronger_one_found_nobody(
        self, alarms: AlarmDatabase, action: Action
    ) -> None:
        """
        GDPR Art. 12(6): her customer number is not here, and the address is somebody else's: he is not her.
        """
        known = {"customer_number": "C-90009", "email": "bo@example.org"}
        seen = await answer(alarms, order(Action.LOCATE, known))
        found = await answer(alarms, order(action, known, "contact"))

        assert seen.outcome is Outcome.COMPLETED
        assert (found.outcome, found.code) == (Outcome.AMBIGUOUS, "weaker_find")
        assert await alarms.rows("SELECT email, restricted FROM customer WHERE id = 2") == [("bo@example.org", False)]

    @pytest.mark.parametrize("action", [Action.EXPORT, Action.ERASE, Action.RESTRICT, Action.RECTIFY])
    async def test_by_a_telephone_alone_only_looks(self, alarms: AlarmDatabase, action: Action) -> None:
        """
        GDPR Art. 5(1)(f), 15(4): a household shares a number; whose record it stands on is a person's to see.
        """
        phone = {"phone": "+46701740606"}
        asked = order(action, phone, "contact", field="phone", value="+46700000000")
        seen = await answer(alarms, order(Action.LOCATE, phone), locate=BY_PHONE)
        found = await answer(alarms, asked, locate=BY_PHONE)

        assert seen.outcome is Outcome.COMPLETED
        assert (found.outcome, found.code, "records" in found.body) == (Outcome.REFUSED, "found_by_phone_alone", False)
        assert await alarms.rows("SELECT email, phone, restricted FROM customer WHERE id = 2") == [
            ("bo@example.org", "+46701740606", False)
        ]

    async def test_by_a_telephone_beside_something_of_her_own_goes_on(self, alarms: AlarmDatabase) -> None:
        """
        Both searches find the same person, whichever is declared first.
        """
        both = ANNA | {"phone": "+46701740605"}
        for locate in (BY_PHONE, BY_PHONE[::-1]):
            found = await answer(alarms, order(Action.EXPORT, both, "contact"), locate=locate)
            assert found.outcome is Outcome.COMPLETED

    async def test_by_a_telephone_is_enough_where_what_is_kept_is_the_numbers(self, alarms: AlarmDatabase) -> None:
        """
        A log of calls knows no person, and its administrator says so.
        """
        why = {"phone_enough": "The log knows numbers and no people."}
        locate = [one | why for one in BY_PHONE if ":phone" in one["sql"]]
        found = await answer(alarms, order(Action.EXPORT, {"phone": "+46701740606"}, "contact"), locate=locate)

        assert found.outcome is Outcome.COMPLETED

    async def test_is_made_for_each_value_there_is(self, alarms: AlarmDatabase) -> None:
        """
        Whoever names two addresses is looked for under both.
        """
        both = ("anna@example.org", "old@example.org")
        identifiers = tuple({"type": "email", "value": value, "format": "rfc5321"} for value in both)
        found = await answer(alarms, replace(order(Action.LOCATE), identifiers=identifiers))

        assert found.outcome is Outcome.COMPLETED

    async def test_that_gives_one_person_often_still_sees_the_other(self, alarms: AlarmDatabase) -> None:
        """
        A join repeats the first before it names the second.
        """
        often = "SELECT c.id AS person FROM customer c LEFT JOIN event e ON e.customer_id = c.id WHERE :email <> ''"
        found = await answer(alarms, order(Action.EXPORT, {"email": "x"}, "contact"), locate=[{"sql": often}])

        assert found.outcome is Outcome.AMBIGUOUS

    async def test_says_what_would_help_where_nothing_known_fits(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 11(2): it is said what would find the person.
        """
        found = await answer(alarms, order(Action.ERASE, {"phone": "+46701740605"}, "contact"))

        assert (found.outcome, found.code) == (Outcome.REFUSED, "no_identifier")
        assert "customer_number, email" in found.body["reason"]

    @pytest.mark.parametrize("value", ["' OR '1'='1", "C-10001'; DROP TABLE event; --", "%", "C-10001\\", "\x00"])
    async def test_takes_what_a_person_wrote_for_a_value_and_nothing_else(
        self, alarms: AlarmDatabase, value: str
    ) -> None:
        """
        OWASP ASVS 5.0 1.2.4: values are bound.
        """
        found = await answer(alarms, order(Action.ERASE, {"customer_number": value}, *ALL))

        assert found.outcome in (Outcome.NOT_FOUND, Outcome.FAILED)
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]


class TestExport:
    async def test_gives_the_persons_rows_by_category(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 15(3): only the categories asked for, only this person's, in plain JSON.
        """
        found = await answer(alarms, order(Action.EXPORT, ANNA, "alarm_history", "bookkeeping_records"))
        records = {one["category"]: one for one in found.body["records"]}

        assert records["alarm_history"]["rows"] == [
            {"at": "2026-09-01T07:42:10", "code": "CL"},
            {"at": "2026-09-01T17:05:33", "code": "OP"},
        ]
        assert records["alarm_history"]["description"] == "Arming and disarming"
        assert [row["amount"] for row in records["bookkeeping_records"]["rows"]] == ["199.50", "249.00"]
        assert "contact" not in records

    async def test_of_too_many_rows_is_a_persons(self, alarms: AlarmDatabase) -> None:
        """
        A join that went astray would hand out others' lives.
        """
        found = await answer(alarms, order(Action.EXPORT, ANNA, "alarm_history"), most_rows=1)

        assert (found.outcome, found.code, "records" in found.body) == (Outcome.REFUSED, "too_many_rows", False)

    async def test_of_what_no_statement_reads_is_a_persons(self, alarms: AlarmDatabase) -> None:
        """
        A copy that leaves a category out without a word would be false.
        """
        found = await answer(alarms, order(Action.EXPORT, ANNA, "contact", "photo_video"))

        assert (found.outcome, found.code) == (Outcome.REFUSED, "manual")
        assert "photo_video" in found.body["reason"]

    async def test_can_change_nothing_whatever_the_statement_tries(self, alarms: AlarmDatabase) -> None:
        """
        Two fences: a transaction that only reads, and a role that may do no more.
        """
        async with alarms.admin.begin() as connection:
            await connection.execute(text(SLY[alarms.dialect]))
        export = [{"category": "contact", "sql": "SELECT sly() FROM customer WHERE id = :person"}]
        # Under a role that may do everything: the transaction alone has to hold.
        adapter = alarms.adapter(read_url=alarms.admin_url, export=export)
        found = await adapter.send(order(Action.EXPORT, ANNA, "contact"))
        await adapter.aclose()

        assert (found.outcome, found.code) == (Outcome.FAILED, f"sql_{READ_ONLY}")
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]


class TestChange:
    async def test_erases_what_is_asked_of_this_person_alone(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 17: the categories of the task, in one transaction, with the counts as evidence.
        """
        found = await answer(alarms, order(Action.ERASE, ANNA, "contact", "alarm_history"))

        assert found.outcome is Outcome.COMPLETED
        assert found.body["evidence"]["rows"] == {"1:alarm_history": 2, "2:contact": 1}
        assert await alarms.rows("SELECT customer_id FROM event") == [(2,)]
        assert await alarms.rows("SELECT email FROM customer WHERE id < 3 ORDER BY id") == [
            (None,),
            ("bo@example.org",),
        ]
        assert await alarms.rows("SELECT count(*) FROM invoice") == [(2,)]

    async def test_spares_what_a_law_keeps_and_says_until_when(self, alarms: AlarmDatabase) -> None:
        """
        BFL 7 kap. 2 §: the year's records stay seven years more; older ones go.
        """
        keep = [{"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2033-12-31"}]
        found = await answer(alarms, order(Action.ERASE, ANNA, "bookkeeping_records", keep=keep))

        assert (found.outcome, found.body["retained"]) == (Outcome.RETAINED, keep)
        assert await alarms.rows("SELECT id FROM invoice") == [(2,)]

    async def test_of_what_a_law_keeps_is_a_persons_where_the_statement_spares_nothing(
        self, alarms: AlarmDatabase
    ) -> None:
        """
        A statement that does not know of the law would take what must stay.
        """
        keep = [{"category": "alarm_history", "law": "CLAIM_OWN", "until": "2027-01-01"}]
        found = await answer(alarms, order(Action.ERASE, ANNA, "alarm_history", keep=keep))

        assert (found.outcome, found.code) == (Outcome.REFUSED, "keep")
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]

    async def test_about_everything_spares_what_a_law_keeps_as_well(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 17(3)(b), BFL 7 kap. 2 §: an order that names no category is about all of them, and no law is passed
        over for it.
        """
        keep = [{"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2033-12-31"}]
        found = await answer(alarms, order(Action.ERASE, ANNA, keep=keep), erase=[*PLAN["erase"][:2], ALL_INVOICES])

        assert (found.outcome, found.code) == (Outcome.REFUSED, "keep")
        assert await alarms.rows("SELECT count(*) FROM invoice") == [(2,)]
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]

    async def test_about_everything_says_only_what_is_kept_here(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 12(1): the plan keeps recordings too, and this database has none.
        """
        books = {"category": "bookkeeping_records", "law": "BFL_7_2", "until": "2033-12-31"}
        calls = {"category": "call_recording", "law": "CLAIM_OWN", "until": "2030-01-01"}
        found = await answer(alarms, order(Action.ERASE, ANNA, keep=[books, calls]))

        assert (found.outcome, found.body["retained"]) == (Outcome.RETAINED, [books])
        assert await alarms.rows("SELECT id FROM invoice") == [(2,)]

    async def test_about_everything_leaves_what_the_decision_leaves_out_to_a_person(
        self, alarms: AlarmDatabase
    ) -> None:
        """
        GDPR Art. 5(2): what two people left out of an erasure has no law and no day, and it is not erased.
        """
        found = await answer(alarms, order(Action.ERASE, ANNA, keep=[{"category": "alarm_history"}]))

        assert (found.outcome, found.code) == (Outcome.REFUSED, "keep")
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]

    @pytest.mark.parametrize("action", [Action.ERASE, Action.EXPORT, Action.RESTRICT])
    async def test_about_everything_is_a_persons_where_a_statement_is_missing(
        self, alarms: AlarmDatabase, action: Action
    ) -> None:
        """
        Art. 15(1), 17(1), 18(1): "all" is all that is declared here, not all that somebody wrote a statement for.
        """
        some = [one for one in PLAN[action.value] if one["category"] == "contact"]
        found = await answer(alarms, order(action, ANNA), **{action.value: some})

        assert (found.outcome, found.code, "records" in found.body) == (Outcome.REFUSED, "manual", False)
        assert "alarm_history, bookkeeping_records" in found.body["reason"]
        assert await alarms.rows("SELECT email, restricted FROM customer WHERE id = 1") == [("anna@example.org", False)]

    async def test_of_too_many_rows_is_taken_back(self, alarms: AlarmDatabase) -> None:
        """
        More than one person's worth is nobody's request.
        """
        found = await answer(alarms, order(Action.ERASE, ANNA, "contact", "alarm_history"), most_changed=1)

        assert (found.outcome, found.code) == (Outcome.REFUSED, "too_many_rows")
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]
        assert await alarms.rows("SELECT email FROM customer WHERE id = 1") == [("anna@example.org",)]

    async def test_on_trial_counts_and_takes_back(self, alarms: AlarmDatabase) -> None:
        """
        Before it is let loose everybody sees what it would do.
        """
        found = await answer(alarms, order(Action.ERASE, ANNA, "alarm_history"), dry_run=True)

        assert (found.code, found.body["evidence"]["rows"]) == ("dry_run", {"1:alarm_history": 2})
        assert await alarms.rows("SELECT count(*) FROM event") == [(3,)]

    async def test_of_no_row_is_no_word_that_it_was_done(self, alarms: AlarmDatabase) -> None:
        """
        Nothing was there to erase; a mark that marked nothing is a person's.
        """
        statement = "UPDATE customer SET restricted = TRUE WHERE id = :person AND number = 'nobody'"
        marks = [{"category": "contact", "sql": statement}]
        marked = await answer(alarms, order(Action.RESTRICT, ANNA, "contact"), restrict=marks)
        erased = [await answer(alarms, order(Action.ERASE, ANNA, "alarm_history")) for _ in range(2)]
        again = [await answer(alarms, order(Action.RESTRICT, ANNA, "contact")) for _ in range(2)]

        assert (marked.outcome, marked.code) == (Outcome.REFUSED, "nothing_changed")
        assert [one.outcome for one in erased] == [Outcome.COMPLETED, Outcome.NOT_FOUND]
        assert [one.outcome for one in again] == [Outcome.COMPLETED] * 2

    async def test_corrects_one_field(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 16.
        """
        found = await answer(alarms, order(Action.RECTIFY, ANNA, "contact", field="phone", value="+46700000000"))

        assert found.outcome is Outcome.COMPLETED
        assert await alarms.rows("SELECT phone FROM customer WHERE id = 1") == [("+46700000000",)]

    async def test_of_a_field_without_a_statement_is_a_persons(self, alarms: AlarmDatabase) -> None:
        """
        Nothing half done: one unknown field, and none is changed.
        """
        both = [{"field": "phone", "value": "+46700000000"}, {"field": "gait", "value": "brisk"}]
        found = await answer(alarms, order(Action.RECTIFY, ANNA, "contact", corrections=both))

        assert (found.outcome, found.code) == (Outcome.REFUSED, "manual")
        assert await alarms.rows("SELECT phone FROM customer WHERE id = 1") == [("+46701740605",)]

    async def test_of_what_is_not_declared_is_a_persons(self, alarms: AlarmDatabase) -> None:
        """
        No statement, no guess.
        """
        assert (await answer(alarms, order(Action.NOTIFY))).code == "manual"
        assert (await answer(alarms, order(Action.FREEZE, ANNA, "contact"))).code == "manual"

    async def test_done_once_more_after_an_unseen_commit_is_still_done(self, alarms: AlarmDatabase) -> None:
        """
        The commit went through and its answer was lost: the second try finds nobody and says what the first one did.
        """
        async with alarms.admin.begin() as connection:
            await connection.execute(text("DELETE FROM customer WHERE id = 1"))
        asked = replace(order(Action.ERASE, ANNA, "contact"), progress={"rows": {"1:contact": 1}})
        found = await answer(alarms, asked)

        assert (found.outcome, found.body["evidence"]["rows"]) == (Outcome.COMPLETED, {"1:contact": 1})

    async def test_waits_for_a_lock_no_longer_than_a_call_may_take(self, alarms: AlarmDatabase) -> None:
        """
        Somebody else holds the row: nothing is changed, and the task comes again or goes to a person.
        """
        adapter = alarms.adapter()
        async with alarms.admin.connect() as other:
            await other.execute(text("UPDATE customer SET phone = '1' WHERE id = 1"))
            found = await adapter.send(order(Action.RESTRICT, ANNA, "contact"))
            await other.rollback()
        await adapter.aclose()

        assert found.outcome is Outcome.RETRY
        assert await alarms.rows("SELECT id FROM customer WHERE restricted") == []


class TestUnreachable:
    async def test_database_is_tried_again(self, alarms: AlarmDatabase) -> None:
        """
        Nothing was sent; no name of it, and no password, is said.
        """
        adapter = alarms.adapter(read_url=f"{alarms.dialect}://reader:hidden@127.0.0.1:1/alarms")
        found = await adapter.send(order(Action.LOCATE))
        await adapter.aclose()

        assert found.outcome is Outcome.RETRY
        assert "hidden" not in repr(adapter) + found.code + repr(dict(found.body))


#: What each database calls a table that is not there, a role that may not, a login that is refused.
NAMED = {
    "postgresql": ("sql_42p01", "sql_42501", "sql_28p01"),
    "mariadb": ("sql_42s02", "sql_42000", "sql_28000"),
}


class TestRefusal:
    """What the database refuses is a person's, with the database's own code and none of its words."""

    async def test_of_a_table_or_a_right_keeps_its_code(self, alarms: AlarmDatabase) -> None:
        """
        GDPR Art. 5(2): a code that the log refuses leaves the person with nothing to go by.
        """
        no_table = [{"category": "contact", "sql": "SELECT 1 FROM no_such_table WHERE id = :person"}]
        found = await answer(alarms, order(Action.EXPORT, ANNA, "contact"), export=no_table)
        hidden = {"postgresql": "pg_authid", "mariadb": "mysql.global_priv"}[alarms.dialect]
        no_right = [{"sql": f"SELECT 1 AS person FROM {hidden} WHERE :customer_number = 'x'"}]  # noqa: S608
        refused = await answer(alarms, order(Action.LOCATE, ANNA), locate=no_right)

        assert (found.code, refused.code) == NAMED[alarms.dialect][:2]
        assert [found.outcome, refused.outcome] == [Outcome.FAILED] * 2
        assert as_code(found.code) == found.code

    async def test_of_a_login_keeps_its_code(self, alarms: AlarmDatabase) -> None:
        """
        A wrong password is mended at the registration, and only if somebody is told that it is one.
        """
        url = make_url(alarms.read_url).set(password="wrong").render_as_string(hide_password=False)
        adapter = alarms.adapter(read_url=url)
        found = await adapter.send(order(Action.LOCATE))
        await adapter.aclose()

        assert (found.outcome, found.code) == (Outcome.FAILED, NAMED[alarms.dialect][2])
        assert as_code(found.code) == found.code


#: By what is wrong: the settings, where it is said, and words of what is said.
WRONG: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "no dialect": ({"dialect": "oracle"}, "dialect", "one of: 'postgresql' or 'mariadb'"),
    "no search": ({"locate": []}, "locate", "at least 1"),
    "a search for everybody": (
        {"locate": [{"sql": "SELECT id AS person FROM customer"}]}, "locate/0/sql", "at least one of: :address",
    ),
    "a search that writes": (
        {"locate": [{"sql": "DELETE FROM customer WHERE email = :email"}]}, "locate/0/sql", "begins with SELECT",
    ),
    "two statements": (
        {"locate": [{"sql": "SELECT 1 AS person WHERE :email = '1'; DELETE FROM customer"}]},
        "locate/0/sql", "one statement, without a semicolon",
    ),
    "an unknown name": (
        {"export": [{"category": "contact", "sql": "SELECT 1 WHERE 1 = :person AND 2 = :shoe_size"}]},
        "export/0/sql", "no ':shoe_size'; there are: :person",
    ),
    "an erasure of everybody": (
        {"erase": [{"category": "contact", "sql": "DELETE FROM customer"}]}, "erase/0/sql", "names :person",
    ),
    "an erasure by what was only written": (
        {"erase": [{"category": "contact", "sql": "DELETE FROM customer WHERE email = :email AND id = :person"}]},
        "erase/0/sql", "no ':email'; there are: ",
    ),
    "a misspelt setting": ({"most_row": 5}, "most_row", "no 'most_row'; there are: most_rows, "),
    "a misspelt part": (
        {"erase": [{"categori": "contact", "category": "contact", "sql": "DELETE FROM x WHERE y = :person"}]},
        "erase/0/categori", "no 'categori'; there are: category, ",
    ),
    "a zone that is none": ({"timezone": "Europe/Insyn"}, "timezone", "a time zone, such as Europe/Stockholm"),
}  # fmt: skip


class TestPlan:
    @pytest.mark.parametrize(("changes", "where", "words"), WRONG.values(), ids=WRONG.keys())
    def test_that_could_do_harm_keeps_the_registration_unconnected(
        self, changes: Mapping[str, Any], where: str, words: str
    ) -> None:
        """
        What is changed is changed for the one person the search found, and for nobody else. Which statement, and why.
        """
        target = AlarmDatabase("postgresql", None, "postgresql://a@localhost/c", "postgresql://a@localhost/c").target  # type: ignore[arg-type]

        assert lacks(Kind.SQL, target()) == []
        (fault,) = lacks(Kind.SQL, target(**changes))
        assert fault.pointer == f"#/settings/{where}"
        assert words in fault.en

    def test_that_is_wrong_in_several_places_hears_of_all(self) -> None:
        """
        Whoever mends one fault has not to come again to hear of the next; also in Swedish.
        """
        target = AlarmDatabase("postgresql", None, "postgresql://a@b/c", "postgresql://a@b/c").target  # type: ignore[arg-type]
        wrong = {
            "erase": [{"category": "contact", "sql": "DELETE FROM a; DELETE FROM b"}],
            "locate": None,
            "dialekt": 1,
        }
        faults = lacks(Kind.SQL, replace(target(**wrong), named={}))

        assert sorted(places(faults)) == [
            "secrets/read_url",
            "settings/dialekt",
            "settings/erase/0/sql",
            "settings/locate",
        ]
        assert all(one.sv != one.en for one in faults)

    def test_names_the_address_that_is_missing_or_another_servers(self) -> None:
        """
        Reading and writing have a role each.
        """
        target = AlarmDatabase("postgresql", None, "postgresql://a@localhost/c", "mysql://a@localhost/c").target()  # type: ignore[arg-type]

        assert places(lacks(Kind.SQL, target)) == ["secrets/write_url"]
        assert places(lacks(Kind.SQL, replace(target, named={}))) == ["secrets/read_url", "secrets/write_url"]
        reading = {name: value for name, value in PLAN.items() if name in ("locate", "export")}
        for query in ("local_infile=1", "read_default_file=/etc/passwd", "ssl=true"):
            sly = replace(target, settings=target.settings | {"dialect": "mariadb"})
            sly = replace(
                sly,
                named={"read_url": (f"mariadb://a@localhost/c?{query}",), "write_url": ("mariadb://a@localhost/c",)},
            )
            (fault,) = lacks(Kind.SQL, sly)
            assert (fault.pointer, fault.word) == ("#/secrets/read_url", "unfit")
            assert query not in fault.en + fault.sv
        only_reads = replace(target, settings={"dialect": "postgresql", **reading})
        assert lacks(Kind.SQL, only_reads) == []
