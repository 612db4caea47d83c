import re
from pathlib import Path

import pytest
import yaml
from stdnum import luhn

from sandbox.categories import CARDS, KINDS, SERVICES_OF, category_of
from sandbox.identifiers import matching, normalise
from sandbox.inspection import held_about
from sandbox.people import PEOPLE
from sandbox.records import rows_about
from sandbox.services import SERVICES
from sandbox.store import Store
from sandbox.world import populate, start_again

PROFILES = sorted((Path(__file__).parents[2] / "profiles").glob("*.yaml"))


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
class TestFictionalPerson:
    def test_has_a_number_with_a_right_check_digit(self, person):
        """
        Numbers are valid in form, so Insyn takes them, and have a serial number from 980 up.
        """
        number = person.personnummer

        assert luhn.is_valid(number[2:])
        assert int(number[8:11]) >= 980

    def test_can_be_reached_by_nobody(self, person):
        """
        Telephone numbers and addresses come from the ranges kept free for fiction (RFC 2606).
        """
        assert re.fullmatch(r"070-174 06 (0[5-9]|[1-9]\d)|031-390 06 \d\d", person.phone)
        assert re.fullmatch(r"[a-z.]+@example\.(org|net|com)", person.email)

    def test_says_who_they_are_only_when_asked(self, person):
        """
        A person in a log line or an error is an id.
        """
        assert repr(person) == f"Person({person.id})"


class TestStories:
    def test_cover_the_hard_cases(self):
        """
        Everybody a rule of release was made for can be played.
        """
        wanted = {"customer", "ex_partner", "contact_person", "referral", "protected_identity", "unknown", "employee"}

        assert wanted <= {person.story for person in PEOPLE}

    def test_let_the_ex_partner_see_whose_doing_each_row_was(self):
        """
        Two users of one alarm: each one's rows carry who it was, and each is own to one of them.
        """
        by_id = {person.id: person for person in PEOPLE}
        hers, his = (
            {row["event_id"]: row["user_is_subject"] for kind, row in rows_about(by_id[who], "guard-company")
             if kind == "alarm_events" and "user_code" in row}
            for who in ("anna-lindqvist", "bjorn-lindqvist")
        )  # fmt: skip

        assert hers.keys() == his.keys()
        assert all(hers[event] != his[event] for event in hers)


#: Vendors that the profile reaches by a connector, and the service whose rows stand for theirs where none is served.
STANDS_FOR = {"billecta": "billing", "webcrm": "crm"}


class TestWiring:
    @pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
    def test_follows_the_controllers_profile(self, path):
        """
        Every category of a profile is known here, and each system that is played has rows of its own.
        """
        profile = yaml.safe_load(path.read_text())
        systems = [(s.get("sandbox_service") or STANDS_FOR.get(s["id"]), s["categories"]) for s in profile["systems"]]
        played = {service: categories for service, categories in systems if service}

        assert {category["id"] for category in profile["categories"]} <= KINDS[path.stem].keys()
        assert played.keys() == set(SERVICES_OF[path.stem])
        for service, categories in played.items():
            held = {category_of(path.stem).get(kind) for kind, _ in rows_about(PEOPLE[2], service)}
            assert held & set(categories)

    def test_has_all_five_controllers(self):
        """
        No profile is left out.
        """
        assert {path.stem for path in PROFILES} == SERVICES_OF.keys()

    def test_gives_every_service_one_card_of_a_customer(self):
        """
        A rectification always has one row that describes the person.
        """
        cards = [[kind for kind, _ in rows_about(PEOPLE[0], s.name) if kind in CARDS] for s in SERVICES]

        assert [len(found) for found in cards] == [1, 1, 1, 1]


ON_FILE = {
    "mother": {"personnummer": ["5506309839"], "name": ["eva"], "address": ["here"], "phone": ["46701740609"]},
    "daughter": {"personnummer": ["8806309855"], "name": ["eva"], "address": ["here"]},
}


class TestMatching:
    @pytest.mark.parametrize(
        ("asked", "meant"),
        [
            pytest.param([("personnummer", "19550630-9839")], ["mother"], id="the number decides"),
            pytest.param([("phone", "+46 70 174 06 09")], ["mother"], id="a phone however written"),
            pytest.param([("name", "Eva"), ("address", " HERE ")], ["mother", "daughter"], id="two behind one door"),
            pytest.param([("name", "Eva"), ("address", "there")], [], id="name alone is not enough"),
            pytest.param([("personnummer", "196909119874"), ("name", "Eva")], [], id="another number, not them"),
            pytest.param([("personnummer", "198806309855"), ("phone", "070-1740609")], ["daughter"], id="number first"),
            pytest.param([], [], id="nothing asked"),
        ],
    )
    def test_finds(self, asked, meant):
        """
        Strong identifiers point at one person; weak ones must all fit and may point at several.
        """
        assert matching(asked, ON_FILE) == meant

    @pytest.mark.parametrize("written", ["070-174 06 09", "+46701740609", "0046 70 174 06 09"])
    def test_reads_a_telephone_number_in_any_form(self, written):
        """
        The same number is the same number.
        """
        assert normalise("phone", written) == "46701740609"


class TestWorld:
    def test_is_made_once(self, store):
        """
        What was erased stays erased when the service starts again.
        """
        with store.transaction() as db:
            db.execute("DELETE FROM subjects WHERE person = 'karin-ek'")
        populate(store)

        assert held_about(store, "billing", "karin.ek@example.org") == []

    def test_starts_again_on_demand(self, store):
        """
        A reset brings everybody back and forgets what was done, but not whom the processors talk to.
        """
        before = held_about(store, "billing", "C-10002")
        with store.transaction() as db:
            db.execute("DELETE FROM records")
        start_again(store)

        assert held_about(store, "billing", "C-10002") == before
        assert store.connections("billing", "westila") != []

    def test_does_not_know_the_stranger(self, store):
        """
        Somebody who is known nowhere is on no file.
        """
        assert [held_about(store, service.name, "nils-falk") for service in SERVICES] == [[], [], [], []]


class TestStore:
    def test_undoes_what_was_not_finished(self, store):
        """
        An effect and its line in the ledger exist together or not at all.
        """

        def break_off():
            with store.transaction():
                store.put_fact("half", True)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            break_off()

        assert store.fact("half") is None

    def test_is_shared_by_several_processes(self, store, tmp_path):
        """
        What one has committed, another one sees at once.
        """
        other = Store(tmp_path / "outside.sqlite")
        store.put_fact("news", [1])
        seen = other.fact("news")
        other.close()

        assert seen == [1]

    def test_keeps_its_file_to_itself(self, store):
        """
        The issuer's private key lies in it.
        """
        assert store.path.stat().st_mode & 0o077 == 0

    def test_never_shows_a_secret(self, store):
        """
        A connection in a log line says who talks to whom, no more.
        """
        assert all("whsec" not in repr(connection) for connection in store.connections())
