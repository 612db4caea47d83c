"""Each construct that a vendor's API needs of a whole action, shown on an API like the one that needs it."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from starlette.responses import Response

from app.domain.fanout import Action, AnswerMode, Idempotency, Outcome
from app.processors.rest.registration import lacking
from tests.processors.answering import places
from tests.processors.rest.vendor import (
    ANNA,
    EMAIL,
    FIND,
    LINE,
    NUMBER,
    OUTPUTS,
    PHONE,
    PNR,
    Vendor,
    asked,
    connected,
    connector,
    order,
    target,
)

ERASE = order(Action.ERASE)
BOTH = ("contact", "call_recording")
DELETE = """
actions:
  erase:
    effect: erased
    irreversible: true
    steps:
      - id: delete
        request: {method: DELETE, path: "/people/{{ m.id }}"}
        rules: [{status: 404, outcome: already_done}]
"""


class TestConstruct05StepsAndLoops:
    """lookup → foreach → action, within caps; nothing found stops the chain."""

    LOOPS = """
lookup:
  - when: id.phone
    request: {path: /calls, query: {To: "{{ id.phone }}"}}
    items: {json: "$.calls[*]"}
    match: {any: [{field: to, phone: "{{ id.phone }}"}]}
    key: sid
    phone_enough: What is kept here is the number's own calls.
    on_empty: next
  - when: id.phone
    request: {path: /calls, query: {From: "{{ id.phone }}"}}
    items: {json: "$.calls[*]"}
    match: {any: [{field: from, phone: "{{ id.phone }}"}]}
    key: sid
    phone_enough: What is kept here is the number's own calls.
    on_empty: no_match
find: all
expect: one_or_more
actions:
  erase:
    effect: erased
    steps:
      - foreach:
          read: {request: {path: /recordings, query: {CallSid: "{{ m.sid }}"}}, items: {json: "$.recordings[*]"}}
          as: recording
          max_items: 3
          on_empty: skip
          steps: [{request: {method: DELETE, path: "/recordings/{{ recording.sid }}"}}]
      - {request: {method: DELETE, path: "/calls/{{ m.sid }}"}}
"""

    def _vendor(self, recordings: int = 1) -> Vendor:
        vendor = Vendor()
        vendor.says(
            "GET /calls",
            {"calls": [{"sid": "C1", "to": "070-174 06 05"}, {"sid": "C9", "to": "+46701740699"}]},
            {"calls": [{"sid": "C1", "from": "+46701740605"}, {"sid": "C2", "from": "+46701740605"}]},
        )
        vendor.says(
            "GET /recordings", {"recordings": [{"sid": f"R{n}"} for n in range(recordings)]}, {"recordings": []}
        )
        for line in ("/recordings/R0", "/calls/C1", "/calls/C2"):
            vendor.says(f"DELETE {line}", 204)
        return vendor

    async def test_construct_05_goes_from_calls_to_recordings_in_both_directions(self) -> None:
        """Twilio."""
        vendor = self._vendor()
        answer = await asked(connector(self.LOOPS), vendor, order(Action.ERASE, PHONE))
        assert answer.outcome is Outcome.COMPLETED
        deleted = [one for one in vendor.lines if one.startswith("DELETE")]
        assert deleted == ["DELETE /recordings/R0", "DELETE /calls/C1", "DELETE /calls/C2"]

    async def test_construct_05_more_than_can_be_one_persons_is_left_alone(self) -> None:
        vendor = self._vendor(recordings=4)
        answer = await asked(connector(self.LOOPS), vendor, order(Action.ERASE, PHONE))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "too_many_items")
        assert not [one for one in vendor.lines if one.startswith("DELETE")]

    async def test_construct_05_nobody_found_stops_the_chain(self) -> None:
        """HubSpot blocks an address for ever that is erased and not there."""
        vendor = Vendor().says("GET /people", [])
        answer = await asked(connector(FIND, DELETE), vendor, ERASE)
        assert (answer.outcome, vendor.lines) == (Outcome.NOT_FOUND, ["GET /people"])

    async def test_construct_05_loops_stand_in_loops(self) -> None:
        """Meta: the audiences of every ad account."""
        nested = """
actions:
  stop_marketing:
    steps:
      - foreach:
          read: {request: {path: /accounts}}
          as: account
          max_items: 10
          on_empty: needs_review
          steps:
            - foreach:
                read: {request: {path: "/accounts/{{ account.id }}/audiences"}}
                as: audience
                max_items: 10
                on_empty: skip
                steps:
                  - request:
                      method: DELETE
                      path: "/audiences/{{ audience.id }}/users"
                      form: {e: "{{ id.email | sha256 }}"}
"""
        vendor = Vendor().says("GET /accounts", [{"id": 1}, {"id": 2}])
        vendor.says("GET /accounts/1/audiences", [{"id": 11}, {"id": 12}]).says("GET /accounts/2/audiences", [])
        vendor.says("DELETE /audiences/11/users", {}).says("DELETE /audiences/12/users", {})
        answer = await asked(connector(nested), vendor, order(Action.STOP_MARKETING))
        assert answer.outcome is Outcome.COMPLETED
        body = vendor.asked("DELETE /audiences/12/users")[0].body.decode()
        assert parse_qs(body)["e"] == [hashlib.sha256(b"anna@example.org").hexdigest()]
        empty = Vendor().says("GET /accounts", [])
        assert (await asked(connector(nested), empty, order(Action.STOP_MARKETING))).code == "nothing_to_go_through"

    async def test_construct_05_a_step_runs_when_its_condition_holds_and_rules_lead_past_others(self) -> None:
        steps = """
actions:
  stop_marketing:
    steps:
      - {when: id.phone, request: {method: POST, path: /sms}}
      - {when: [id.email, not id.phone], request: {method: PUT, path: /mail}, rules: [{status: 409, goto: last}]}
      - {request: {method: PUT, path: /between}}
      - {id: last, request: {method: PUT, path: /last}, done: end}
      - {request: {method: PUT, path: /never}}
"""
        vendor = Vendor().says("PUT /mail", 409).says("PUT /last", 200)
        assert (await asked(connector(steps), vendor, order(Action.STOP_MARKETING))).outcome is Outcome.COMPLETED
        assert vendor.lines == ["PUT /mail", "PUT /last"]


class TestConstruct06MatchVerification:
    """What the vendor's search promised is checked here; one person, or nobody's data are touched."""

    async def test_construct_06_an_item_that_does_not_fit_is_nobodys(self) -> None:
        """Some searches find by part of a word, or ignore a filter that they do not know."""
        vendor = Vendor().says("GET /people", [{"id": 8, "email": "anna@example.org.evil.example"}, {"id": 9}])
        answer = await asked(connector(FIND, DELETE), vendor, ERASE)
        assert (answer.outcome, vendor.lines) == (Outcome.NOT_FOUND, ["GET /people"])

    async def test_construct_06_two_that_fit_are_a_persons_to_tell_apart(self) -> None:
        vendor = Vendor().says("GET /people", [ANNA, ANNA | {"id": 8}])
        answer = await asked(connector(FIND, DELETE), vendor, ERASE)
        assert (answer.outcome, vendor.lines) == (Outcome.AMBIGUOUS, ["GET /people"])

    async def test_construct_06_the_same_found_twice_is_one(self) -> None:
        vendor = Vendor().says("GET /people", [ANNA, ANNA]).says("DELETE /people/7", 204)
        assert (await asked(connector(FIND, DELETE), vendor, ERASE)).outcome is Outcome.COMPLETED

    @pytest.mark.parametrize(
        ("check", "value", "fits"),
        [
            ("eq: '{{ id.customer_number }}'", "K-10442", True),
            ("eq: '{{ id.customer_number }}'", "k-10442", False),
            ("ieq: '{{ id.customer_number }}'", " k-10442 ", True),
            ("phone: '{{ id.phone }}'", "070-174 06 05", True),
            ("phone: '{{ id.phone }}'", "070-174 06 06", False),
            ("phone: '{{ id.phone }}'", "no number", False),
            ("personnummer: '{{ id.personnummer }}'", "900101-2384", True),
            ("personnummer: '{{ id.personnummer }}'", "19900101-2384", True),
            ("personnummer: '{{ id.personnummer }}'", "0101-2384", False),
            ("digits: '{{ id.phone }}'", "+46 70 174 06 05", True),
            ("eq: '{{ id.email }}'", "", False),
            ("eq: '{{ id.address }}'", "Storgatan 1", False),
            ("eq: '{{ id.phone }}'", None, False),
        ],
    )
    async def test_construct_06_comparing(self, check: str, value: Any, fits: bool) -> None:
        text = f"""
lookup:
  - {{request: {{path: /people}}, match: {{all: [{{field: x.y, {check}}}]}}, phone_enough: it is, on_empty: no_match}}
actions: {{erase: {{effect: erased, steps: [{{request: {{method: DELETE, path: /x}}}}]}}}}
"""
        vendor = Vendor().says("GET /people", [{"x": {"y": value}}]).says("DELETE /x", 204)
        answer = await asked(connector(text), vendor, order(Action.ERASE, NUMBER, PHONE, PNR, EMAIL))
        assert answer.outcome is (Outcome.COMPLETED if fits else Outcome.NOT_FOUND)

    async def test_construct_06_lookups_are_tried_in_their_order_and_for_every_address_known(self) -> None:
        first = """
lookup:
  - when: id.customer_number
    request: {path: /number}
    match: {all: [{field: n, eq: "{{ id.customer_number }}"}]}
    on_empty: next
  - when: id.email
    request: {path: /mail, query: {q: "{{ id.email }}"}}
    match: {all: [{field: e, eq: "{{ id.email }}"}]}
    on_empty: no_match
"""
        other = {"type": "email", "value": "anna@work.example"}
        vendor = Vendor().says("GET /mail", [], [{"e": "anna@work.example", "id": 3}]).says("DELETE /people/3", 204)
        answer = await asked(connector(first, DELETE), vendor, order(Action.ERASE, EMAIL, other))
        assert answer.outcome is Outcome.COMPLETED
        assert [one.query for one in vendor.asked("GET /mail")] == [
            (("q", "anna@example.org"),),
            (("q", "anna@work.example"),),
        ]
        with_number = Vendor().says("GET /number", [{"n": "K-10442", "id": 3}]).says("DELETE /people/3", 204)
        await asked(connector(first, DELETE), with_number, order(Action.ERASE, EMAIL, NUMBER))
        assert with_number.lines == ["GET /number", "DELETE /people/3"]

    @pytest.mark.parametrize(
        ("action", "outcome"), [(Action.ERASE, Outcome.REFUSED), (Action.LOCATE, Outcome.COMPLETED)]
    )
    async def test_construct_06_a_guard_stops_before_anything_happens(self, action: Action, outcome: Outcome) -> None:
        """Billecta marks protected identities: a fact for the search, a person for everything else."""
        guard = 'guard: [{if: "@.ProtectedIdentity == true", reason: protected_identity, fact: protected}]'
        made = connector(FIND, OUTPUTS, guard, DELETE.replace("actions:", "actions:\n  locate: {effect: read}"))
        vendor = Vendor().says("GET /people", [ANNA | {"ProtectedIdentity": True}])
        answer = await asked(made, vendor, order(action))
        assert answer.outcome is outcome
        assert not [one for one in vendor.lines if one.startswith("DELETE")]
        if action is Action.LOCATE:
            assert answer.body["facts"] == {"protected": True}
        else:
            assert answer.code == "protected_identity"


class TestFoundByPhoneAlone:
    """Art. 17, 5(1)(d): several people have one telephone, so what cannot be undone is not done by it alone."""

    LOOKUP = """
lookup:
  - when: id.phone
    request: {path: /people, query: {phone: "{{ id.phone }}"}}
    match: {any: [{field: email, ieq: "{{ id.email }}"}, {field: phone, phone: "{{ id.phone }}"}]}
    key: id
    on_empty: no_match
"""
    BY_NUMBER = """
lookup:
  - when: id.phone
    request: {path: /people, query: {phone: "{{ id.phone }}"}}
    match: {all: [{field: phone, phone: "{{ id.phone }}"}]}
    phone_enough: What is kept here is the number's own calls.
    key: id
    on_empty: no_match
"""
    CHANGE = """
actions:
  rectify: {steps: [{request: {method: PUT, path: "/people/{{ m.id }}", json: {seen: "yes"}}}]}
"""

    def _change(self, action: Action) -> str:
        collects = "outputs: {person: {about: The record}}\ncollect: {person: {from: lookup}}\n"
        return (collects if action is Action.EXPORT else "") + self.CHANGE.replace("rectify", action.value)

    @pytest.mark.parametrize(
        ("lookup", "known", "code"),
        [
            (LOOKUP, (PHONE,), "found_by_phone_alone"),
            (LOOKUP, (PHONE, EMAIL | {"value": "other@example.org"}), "found_by_phone_alone"),
            (LOOKUP, (PHONE, EMAIL), "done"),
            (BY_NUMBER, (PHONE,), "done"),
        ],
    )
    async def test_is_a_persons_before_anything_is_gone(self, lookup: str, known: Any, code: str) -> None:
        vendor = Vendor().says("GET /people", [ANNA | {"phone": "070-174 06 05"}]).says("DELETE /people/7", 204)
        answer = await asked(connector(lookup, DELETE), vendor, order(Action.ERASE, *known))
        assert (answer.code, "DELETE /people/7" in vendor.lines) == (code, code == "done")

    @pytest.mark.parametrize("action", [Action.EXPORT, Action.RECTIFY, Action.RESTRICT, Action.STOP_PURPOSES])
    async def test_is_a_persons_before_anything_is_shown_or_changed(self, action: Action) -> None:
        """Art. 15(4), 5(1)(d), (f), 32: a copy, or a new address, would be of whoever else answers that telephone."""
        change = self._change(action)
        vendor = Vendor().says("GET /people", [ANNA | {"phone": "070-174 06 05"}]).says("PUT /people/7", 204)
        answer = await asked(connector(self.LOOKUP, change), vendor, order(action, PHONE))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "found_by_phone_alone")
        assert vendor.lines == ["GET /people"]

    @pytest.mark.parametrize("action", [Action.EXPORT, Action.RECTIFY])
    @pytest.mark.parametrize(
        ("lookup", "known"), [(LOOKUP, (PHONE, EMAIL)), (BY_NUMBER, (PHONE,))], ids=["its address too", "a telephony's"]
    )
    async def test_is_no_matter_where_more_fits_or_the_number_is_what_is_kept(
        self, action: Action, lookup: str, known: Any
    ) -> None:
        """Of a telephony it is the number's own calls; that it is theirs somebody answers for before it leaves."""
        change = self._change(action)
        vendor = Vendor().says("GET /people", [ANNA | {"phone": "070-174 06 05"}]).says("PUT /people/7", 204)
        answer = await asked(connector(lookup, change), vendor, order(action, *known))
        assert answer.code != "found_by_phone_alone"
        assert "PUT /people/7" in vendor.lines

    async def test_stops_marketing_all_the_same(self) -> None:
        """Art. 21(2), (3): at any time and on no condition; what is not sent to a number any more harms nobody."""
        change = self._change(Action.STOP_MARKETING)
        vendor = Vendor().says("GET /people", [ANNA | {"phone": "070-174 06 05"}]).says("PUT /people/7", 204)
        answer = await asked(connector(self.LOOKUP, change), vendor, order(Action.STOP_MARKETING, PHONE))
        assert (answer.outcome, vendor.lines[1:]) == (Outcome.COMPLETED, ["PUT /people/7"])


class TestConstruct07ReadModifyWrite:
    """GET, change the named fields, PUT the whole: what is not ours to change stays."""

    async def test_construct_07_a_correction_changes_its_field_and_nothing_else(self) -> None:
        made = connector(
            FIND,
            """
actions:
  rectify:
    steps:
      - merge_put:
          get: {path: "/people/{{ m.id }}"}
          body: $.Customer
          wrap: Customer
          put: {method: PUT, path: "/people/{{ m.id }}"}
          drop: ["@url"]
          map: {name: Name, street: Address.Street, phone: Phone}
""",
        )
        whole = {"Customer": {"@url": "x", "Name": "Ana", "Address": {"Street": "A 1", "Zip": "1"}, "Keep": [1, None]}}
        vendor = Vendor().says("GET /people", [ANNA]).says("GET /people/7", whole).says("PUT /people/7", 200)
        details = {
            "corrections": [{"field": "name", "value": "Anna {{ secrets.x }}"}, {"field": "street", "value": "B 2"}]
        }
        answer = await asked(made, vendor, order(Action.RECTIFY, details=details))
        assert answer.outcome is Outcome.COMPLETED
        assert json.loads(vendor.asked("PUT /people/7")[0].body) == {
            "Customer": {"Name": "Anna {{ secrets.x }}", "Address": {"Street": "B 2", "Zip": "1"}, "Keep": [1, None]}
        }

    MAP = """
actions:
  rectify:
    steps: [{merge_put: {put: {method: PATCH, path: /people, repeatable: true}, only_changed: true, map: {name: name}}}]
"""

    @pytest.mark.parametrize(
        ("corrections", "outcome", "code", "sent"),
        [
            ([("name", "Anna B")], Outcome.COMPLETED, "done", {"name": "Anna B"}),
            ([("name", "Anna B"), ("shoe", "38")], Outcome.COMPLETED_PARTIAL, "done", {"name": "Anna B"}),
            ([("shoe", "38")], Outcome.REFUSED, "field_not_mapped", None),
            ([("name", "Anna Berg")], Outcome.COMPLETED, "done", None),
        ],
    )
    async def test_construct_07_what_the_vendor_has_no_field_for_is_said(
        self, corrections: list[tuple[str, str]], outcome: Outcome, code: str, sent: Any
    ) -> None:
        vendor = Vendor().says("GET /people", [ANNA]).says("PATCH /people", 200)
        details = {"corrections": [{"field": name, "value": value} for name, value in corrections]}
        answer = await asked(connector(FIND, self.MAP), vendor, order(Action.RECTIFY, details=details))
        assert (answer.outcome, answer.code) == (outcome, code)
        assert [json.loads(one.body) for one in vendor.asked("PATCH /people")] == ([sent] if sent else [])

    async def test_construct_07_masks_are_valid_for_the_vendor_and_say_nothing(self) -> None:
        """Fortnox wants API_BLANK; an e-mail field wants an e-mail address."""
        made = connector(
            FIND,
            "masks: {blank: API_BLANK}",
            """
actions:
  erase:
    effect: anonymised
    steps:
      - merge_put:
          put: {method: PUT, path: /people}
          set: {ads: false}
          mask:
            {name: pseudonym, email: pseudonym_email, phone: pseudonym_phone, note: blank, memo: "null", gone: blank}
""",
        )
        vendor = (
            Vendor().says("GET /people", [ANNA | {"phone": "1", "note": "n", "memo": "m"}]).says("PUT /people", 200)
        )
        answer = await asked(made, vendor, ERASE)
        sent = json.loads(vendor.asked("PUT /people")[0].body)
        assert (sent["note"], sent["memo"], sent["ads"], "gone" in sent) == ("API_BLANK", None, False, False)
        assert sent["email"].endswith("@erased.invalid")
        assert "Anna" not in json.dumps(sent)
        # R17-4: anonymised is not erased; whoever reads the answer is told.
        assert (answer.body["reason"], answer.body["evidence"]["method"]) == ("anonymised", "anonymised")


class TestConstruct11AsyncJobs:
    """Started, asked after, confirmed, fetched, called off."""

    JOB = """
actions:
  erase:
    effect: erased
    no_lookup: exact keys only
    job:
      start:
        request: {method: POST, path: /jobs, json: {email: "{{ id.email }}"}}
        rules: [{status: 400, body_contains: daily, outcome: quota, resume: next_utc_day}]
      ids: {json: "$.jobs[*].jobId"}
      poll: {request: {path: "/jobs/{{ job }}"}}
      status: {json: $.status}
      map: {submitted: pending, processing: running, ready: confirm, complete: complete, error: failed}
      partial_if: "@.products[?@.code == 'PARTLY']"
      every: PT30M
      backoff: 2
      longest: PT3H
      deadline: P30D
      confirm: {request: {method: POST, path: "/jobs/{{ job }}/run"}}
      cancel: {request: {method: POST, path: "/jobs/{{ job }}/cancel"}}
      receipt: {finished: {json: $.at}}
"""

    def _vendor(self) -> Vendor:
        return Vendor().says("POST /jobs", {"jobs": [{"jobId": "a"}, {"jobId": "b"}]})

    async def test_construct_11_all_jobs_of_one_start_have_to_end(self) -> None:
        """Adobe: one job for each user and action."""
        vendor = self._vendor().says("GET /jobs/a", {"status": "complete", "at": "noon"})
        vendor.says("GET /jobs/b", {"status": "processing"}, {"status": "processing"}, {"status": "complete"})
        async with connected(connector(self.JOB), vendor) as adapter:
            answer = await adapter.send(ERASE)
            waits = [answer.wait]
            assert (answer.outcome, answer.code) == (Outcome.ACCEPTED, "job_started")
            while answer.outcome is Outcome.ACCEPTED:
                answer = await adapter.poll(order(Action.ERASE, progress=answer.progress), url="")
                waits.append(answer.wait)
        assert answer.outcome is Outcome.COMPLETED
        assert waits == [timedelta(minutes=30), timedelta(minutes=30), timedelta(hours=1), None]
        assert answer.body["evidence"]["finished"] == "noon"
        assert len(vendor.asked("POST /jobs")) == 1
        assert len(vendor.asked("GET /jobs/a")) == 1

    @pytest.mark.parametrize(
        ("said", "outcome", "code"),
        [
            ({"status": "error"}, Outcome.FAILED, "job_failed"),
            ({"status": "a word nobody knows"}, Outcome.REFUSED, "job_needs_review"),
            ({"status": "complete", "products": [{"code": "PARTLY"}]}, Outcome.COMPLETED_PARTIAL, "done"),
            (404, Outcome.REFUSED, "job_gone"),
            (503, Outcome.ACCEPTED, "http_503"),
            (Response("<html>", media_type="text/html"), Outcome.ACCEPTED, "malformed"),
        ],
    )
    async def test_construct_11_how_a_job_ends(self, said: Any, outcome: Outcome, code: str) -> None:
        vendor = Vendor().says("POST /jobs", {"jobs": [{"jobId": "a"}]}).says("GET /jobs/a", said)
        async with connected(connector(self.JOB), vendor) as adapter:
            started = await adapter.send(ERASE)
            answer = await adapter.poll(order(Action.ERASE, progress=started.progress), url="")
        assert (answer.outcome, answer.code) == (outcome, code)

    async def test_construct_11_the_second_phase_is_said_once(self) -> None:
        """Stripe: validated, then run."""
        vendor = Vendor().says("POST /jobs", {"jobs": [{"jobId": "a"}]}).says("POST /jobs/a/run", 200)
        vendor.says("GET /jobs/a", {"status": "ready"}, {"status": "ready"}, {"status": "complete"})
        async with connected(connector(self.JOB), vendor) as adapter:
            answer = await adapter.send(ERASE)
            while answer.outcome is Outcome.ACCEPTED:
                answer = await adapter.poll(order(Action.ERASE, progress=answer.progress), url="")
        assert answer.outcome is Outcome.COMPLETED
        assert len(vendor.asked("POST /jobs/a/run")) == 1

    async def test_construct_11_past_its_deadline_it_is_called_off_and_a_persons(self) -> None:
        vendor = Vendor().says("GET /jobs/a", {"status": "processing"}).says("POST /jobs/a/cancel", 200)
        began = (datetime.now(UTC) - timedelta(days=31)).isoformat()
        job = {"states": {"a": "pending"}, "started_at": began, "polls": 9, "confirmed": [], "asked": True}
        answer = await asked(connector(self.JOB), vendor, order(Action.ERASE, progress={"job": job}))
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "job_deadline")
        assert vendor.lines == ["GET /jobs/a", "POST /jobs/a/cancel"]

    async def test_construct_11_a_job_without_an_id_is_unknown(self) -> None:
        vendor = Vendor().says("POST /jobs", {"jobs": []})
        answer = await asked(connector(self.JOB), vendor, ERASE)
        assert (answer.outcome, answer.code) == (Outcome.UNKNOWN, "no_job_id")

    async def test_construct_11_a_quota_at_the_start_waits_for_the_next_day(self) -> None:
        vendor = Vendor().says("POST /jobs", Response("Daily limit reached", status_code=400))
        answer = await asked(connector(self.JOB), vendor, ERASE)
        assert (answer.outcome, answer.wait is not None) == (Outcome.RETRY, True)

    @pytest.mark.parametrize("gone", [False, True])
    async def test_construct_11_the_file_of_every_job_is_fetched(self, gone: bool) -> None:
        made = connector(
            """
outputs: {profile: {about: Profile}}
actions:
  export:
    effect: read
    job:
      start: {request: {method: POST, path: /jobs}}
      ids: {json: "$.ids"}
      poll: {request: {path: "/jobs/{{ job }}"}}
      status: {json: $.status}
      map: {done: complete}
      deadline: P3D
      download: {url: {json: $.url}, decode: [zip, json], items: {json: "$[*].rows[*]"}, output: profile}
"""
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a.json", '{"rows": [{"n": 1}]}')
            archive.writestr("b.json", '{"rows": [{"n": 2}]}')
        file = 410 if gone else Response(packed.getvalue(), media_type="application/zip")
        vendor = Vendor().says("POST /jobs", {"ids": ["a", "b"]}).says("GET /files/x.zip", file)
        for name in "ab":
            vendor.says(f"GET /jobs/{name}", {"status": "done", "url": "/files/x.zip"})
        async with connected(made, vendor) as adapter:
            started = await adapter.send(order(Action.EXPORT))
            answer = await adapter.poll(order(Action.EXPORT, progress=started.progress), url="")
        if gone:
            assert (answer.outcome, answer.code) == (Outcome.REFUSED, "download_gone")
        else:
            assert [row["n"] for row in answer.body["records"][0]["rows"]] == [1, 2, 1, 2]
        assert "authorization" not in vendor.asked("GET /files/x.zip")[0].headers

    def test_construct_11_wants_a_registration_that_polls(self) -> None:
        assert places(lacking(connector(self.JOB), target(answer_mode=AnswerMode.SYNC))) == ["answer_mode"]


class TestConstruct12ScheduledEffect:
    """Accepted now, in effect later."""

    LATER = """
actions:
  erase:
    effect: erased
    no_lookup: The vendor takes exact keys only and cannot be searched.
    steps: [{request: {method: POST, path: /delete, json: {clientId: "{{ id.email }}"}}}]
    effective_after: P63D
    verify:
      request: {path: /gone}
      rules: [{status: 404, outcome: success}, {status: 200, outcome: needs_review, reason: still_there}]
"""

    async def test_construct_12_is_done_when_the_day_has_come_and_not_sent_again(self) -> None:
        """Google Analytics: acknowledged now, purged within 63 days."""
        vendor = Vendor().says("POST /delete", {"deletionRequestTime": "now"})
        async with connected(connector(self.LATER), vendor) as adapter:
            first = await adapter.send(ERASE)
            assert first.outcome is Outcome.EFFECTIVE_LATER
            assert first.effective_at is not None
            assert timedelta(days=62) < first.effective_at - datetime.now(UTC) <= timedelta(days=63)
            second = await adapter.send(order(Action.ERASE, progress=first.progress))
        assert (second.outcome, second.code) == (Outcome.COMPLETED, "in_effect")
        assert vendor.lines == ["POST /delete", "GET /gone"]

    async def test_construct_12_what_is_still_there_is_a_persons(self) -> None:
        vendor = Vendor().says("POST /delete", {}).says("GET /gone", {})
        async with connected(connector(self.LATER), vendor) as adapter:
            first = await adapter.send(ERASE)
            second = await adapter.send(order(Action.ERASE, progress=first.progress))
        assert (second.outcome, second.code) == (Outcome.REFUSED, "still_there")

    def test_construct_12_wants_a_registration_that_may_be_asked_again(self) -> None:
        assert places(lacking(connector(self.LATER), target(idempotency=Idempotency.NO))) == ["idempotency"]


class TestConstruct16Capabilities:
    """Each right: native, by hand, not applicable, or what another means. Its effect is what it really is."""

    MAP = """
actions:
  locate: {assume_held: The vendor cannot be searched by anybody.}
  freeze: {not_applicable: The vendor deletes nothing by routine.}
  restrict: {manual: Set the customer to inactive in the portal.}
  stop_marketing: {steps: [{request: {method: PUT, path: /stop}}]}
  stop_purposes: {same_as: stop_marketing}
outputs: {calls: {}}
collect: {calls: {read: {request: {path: /calls}}}}
"""

    @pytest.mark.parametrize(
        ("action", "outcome", "code", "says"),
        [
            (Action.LOCATE, Outcome.COMPLETED, "assumed", "The vendor cannot be searched by anybody."),
            (Action.FREEZE, Outcome.NOT_FOUND, "not_applicable", "The vendor deletes nothing by routine."),
            (Action.RESTRICT, Outcome.REFUSED, "manual", "Set the customer to inactive in the portal."),
            (Action.ERASE, Outcome.REFUSED, "manual", None),
            (Action.STOP_PURPOSES, Outcome.COMPLETED, "done", None),
        ],
    )
    async def test_construct_16_each_action_says_what_it_is(
        self, action: Action, outcome: Outcome, code: str, says: str | None
    ) -> None:
        vendor = Vendor().says("PUT /stop", 200)
        answer = await asked(connector(self.MAP), vendor, order(action))
        assert (answer.outcome, answer.code) == (outcome, code)
        if says:
            assert says in (answer.body.get("message"), *answer.body.get("evidence", {}).values())
        # A letter tells the person what ends a task, in its own words: no message goes along with that.
        assert ("message" in answer.body) == (outcome is Outcome.REFUSED)

    @pytest.mark.parametrize(("effect", "reason"), [("soft_deleted", "hidden"), ("suppressed", "hidden")])
    async def test_construct_16_what_is_no_erasure_is_not_called_one(self, effect: str, reason: str) -> None:
        """R17-4: Mailchimp's DELETE archives."""
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7", 204)
        made = connector(FIND, DELETE.replace("effect: erased", f"effect: {effect}"))
        answer = await asked(made, vendor, ERASE)
        assert (answer.body["reason"], answer.body["evidence"]["method"]) == (reason, effect)

    KEEP = """
actions:
  erase:
    effect: erased
    irreversible: true
    steps:
      - id: whole
        covers: [person, calls]
        otherwise: calls_only
        request: {method: DELETE, path: "/people/{{ m.id }}"}
        rules:
          - status: 409
            outcome: retained
            reason: open_invoices
            retain: {outputs: [person, calls], law: BFL_7_2, until: "{{ today | end_of_year(7) }}"}
        done: end
      - {id: calls_only, covers: [calls], request: {method: DELETE, path: "/people/{{ m.id }}/calls"}}
"""
    HELD: ClassVar = {"categories": {"person": "contact", "calls": "call_recording"}}

    async def test_construct_16_what_the_decision_keeps_is_left_and_named(self) -> None:
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7/calls", 204)
        keep = {"keep": [{"category": "contact", "law": "BFL_7_2", "until": "2031-12-31"}]}
        answer = await asked(
            connector(FIND, OUTPUTS, self.KEEP), vendor, order(Action.ERASE, categories=BOTH, details=keep), **self.HELD
        )
        assert (answer.outcome, vendor.lines) == (
            Outcome.COMPLETED_PARTIAL,
            ["GET /people", "DELETE /people/7/calls"],
        )
        assert answer.body["retained"] == [{"category": "contact", "law": "BFL_7_2", "until": "2031-12-31"}]

    async def test_construct_16_what_is_kept_without_a_day_is_a_persons(self) -> None:
        """The records are there, so "not found" would be untrue; their last day stands in them, not in the plan."""
        vendor = Vendor().says("GET /people", [ANNA])
        narrow = order(
            Action.ERASE, categories=["contact"], details={"keep": [{"category": "contact", "law": "BFL_7_2"}]}
        )
        answer = await asked(connector(FIND, OUTPUTS, self.KEEP), vendor, narrow, **self.HELD)
        assert (answer.outcome, answer.code, vendor.lines) == (Outcome.REFUSED, "kept_without_day", ["GET /people"])

    async def test_construct_16_a_law_the_vendor_is_bound_by_is_named_with_its_day(self) -> None:
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7", 409)
        answer = await asked(
            connector(FIND, OUTPUTS, self.KEEP), vendor, order(Action.ERASE, categories=BOTH), **self.HELD
        )
        until = f"{datetime.now(UTC).year + 7}-12-31"
        assert answer.outcome is Outcome.RETAINED
        kept = {"law": "BFL_7_2", "until": until}
        assert answer.body["retained"] == [{"category": "contact"} | kept, {"category": "call_recording"} | kept]

    async def test_construct_16_what_no_law_keeps_is_still_there_and_a_persons(self) -> None:
        """Art. 17(1): a law that keeps the one is no reason to leave the other."""
        less = self.KEEP.replace("outputs: [person, calls], law", "outputs: [person], law")
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7", 409)
        answer = await asked(connector(FIND, OUTPUTS, less), vendor, order(Action.ERASE, categories=BOTH), **self.HELD)
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "reaches_further")

    async def test_construct_16_nothing_is_touched_that_was_not_asked_for(self) -> None:
        """Only what reaches no further than the order is done; otherwise a person."""
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7/calls", 204)
        narrow = order(Action.ERASE, categories=["call_recording"])
        answer = await asked(connector(FIND, OUTPUTS, self.KEEP), vendor, narrow, **self.HELD)
        assert (answer.outcome, vendor.lines[1:]) == (Outcome.COMPLETED, ["DELETE /people/7/calls"])
        other = order(Action.ERASE, categories=["contact"])
        none = Vendor().says("GET /people", [ANNA])
        answer = await asked(connector(FIND, OUTPUTS, self.KEEP), none, other, **self.HELD)
        assert (answer.outcome, answer.code, none.lines) == (Outcome.REFUSED, "reaches_further", ["GET /people"])


class TestConstruct18OutputMapping:
    """The vendor's fields in words people know; what is somebody else's is never shown."""

    COPY = """
outputs:
  site: {about: The site, redact: [codeword, "$.secret.pin"], fields: {customerPhone: phone, address.street: street}}
  contacts: {about: Contact persons, only: true, fields: {name: name}, redact: [codeword]}
  calls: {about: Calls}
  alarms: {about: Alarms}
collect:
  site: {from: lookup}
  devices: {hidden: true, read: {request: {path: "/people/{{ m.id }}/devices"}}}
  contacts: {from: m.contacts, match: {any: [{field: email, ieq: "{{ id.email }}"}]}}
  calls: {each: devices, read: {request: {path: "/devices/{{ row.id }}/calls"}}}
  alarms: {read: {request: {path: /alarms}}}
actions: {locate: {effect: read}, export: {effect: read}}
"""
    SITE: ClassVar = ANNA | {
        "codeword": "blåbär",
        "customerPhone": "070",
        "secret": {"pin": "1234", "other": 1},
        "address": {"street": "A 1"},
        "contacts": [
            {"name": "Anna", "email": "anna@example.org", "codeword": "x"},
            {"name": "Granne", "email": "g@example.org", "codeword": "y"},
        ],
    }
    CATEGORIES: ClassVar = {"categories": {"site": "contact", "contacts": "key_holders", "calls": "call_recording"}}

    def _vendor(self) -> Vendor:
        vendor = Vendor().says("GET /people", [self.SITE]).says("GET /people/7/devices", [{"id": 1}, {"id": 2}])
        return vendor.says("GET /devices/1/calls", [{"n": 1}]).says("GET /devices/2/calls", [{"n": 2}])

    async def test_construct_18_redacts_renames_and_leaves_others_out(self) -> None:
        """Art. 15(4): evalink's contacts are neighbours, and their code words open doors."""
        wanted = order(Action.EXPORT, categories=["contact", "key_holders", "call_recording"])
        vendor = self._vendor()
        answer = await asked(connector(FIND, self.COPY), vendor, wanted, **self.CATEGORIES)
        by = {one["category"]: one["rows"] for one in answer.body["records"]}
        assert by["key_holders"] == [{"name": "Anna"}]
        assert by["call_recording"] == [{"n": 1}, {"n": 2}]
        (site,) = by["contact"]
        assert (site["phone"], site["street"], site["secret"]) == ("070", "A 1", {"other": 1})
        assert "blåbär" not in json.dumps(answer.body, ensure_ascii=False)
        assert "GET /alarms" not in vendor.lines  # nobody mapped them, so nobody asks

    async def test_construct_18_only_what_is_asked_for_is_fetched(self) -> None:
        vendor = self._vendor()
        answer = await asked(
            connector(FIND, self.COPY), vendor, order(Action.EXPORT, categories=["contact"]), **self.CATEGORIES
        )
        assert [one["category"] for one in answer.body["records"]] == ["contact"]
        assert vendor.lines == ["GET /people"]

    async def test_construct_18_a_search_says_which_categories_have_something(self) -> None:
        vendor = self._vendor().says("GET /devices/1/calls", []).says("GET /devices/2/calls", [])
        wanted = order(Action.LOCATE, categories=["contact", "key_holders", "call_recording"])
        answer = await asked(connector(FIND, self.COPY), vendor, wanted, **self.CATEGORIES)
        assert (answer.outcome, answer.body["found_categories"]) == (Outcome.COMPLETED, ["contact", "key_holders"])

    async def test_construct_18_nobody_there_is_not_found(self) -> None:
        vendor = Vendor().says("GET /people", [])
        for action in (Action.LOCATE, Action.EXPORT):
            answer = await asked(connector(FIND, self.COPY), vendor, order(action), **self.CATEGORIES)
            assert (answer.outcome, answer.code) == (Outcome.NOT_FOUND, "no_match")


class TestCategoryNobodyMapped:
    """Art. 12(3), 15, 17: what no output stands for cannot be said to be done, given or not there."""

    DELETING = """
actions:
  erase:
    effect: erased
    irreversible: true
    steps:
      - id: delete
        covers: [person, calls]
        request: {method: DELETE, path: "/people/{{ m.id }}"}
  export: {effect: read}
  locate: {effect: read}
  restrict: {manual: Set the mark by hand and say so here.}
"""
    ASSUMED = """
actions:
  locate: {assume_held: The vendor cannot be searched at all.}
"""

    @pytest.mark.parametrize("action", [Action.ERASE, Action.EXPORT, Action.LOCATE])
    @pytest.mark.parametrize("categories", [("contact", "bookkeeping_records"), ("bookkeeping_records",)])
    async def test_goes_to_a_person_before_the_vendor_is_asked(
        self, action: Action, categories: tuple[str, ...]
    ) -> None:
        vendor = Vendor().says("GET /people", [ANNA]).says("DELETE /people/7", 204).says("GET /people/7/calls", [])

        said = await asked(connector(FIND, OUTPUTS, self.DELETING), vendor, order(action, categories=categories))

        assert (said.outcome, said.code, vendor.seen) == (Outcome.REFUSED, "category_not_mapped", [])
        assert "bookkeeping_records" in said.body["message"]

    async def test_is_not_left_out_of_what_is_taken_to_be_held(self) -> None:
        wanted = order(Action.LOCATE, categories=("contact", "cookies"))

        said = await asked(connector(FIND, OUTPUTS, self.ASSUMED), Vendor(), wanted)

        assert (said.outcome, said.code) == (Outcome.REFUSED, "category_not_mapped")

    async def test_is_as_ever_where_a_person_does_it(self) -> None:
        wanted = order(Action.RESTRICT, categories=("contact", "cookies"))

        said = await asked(connector(FIND, OUTPUTS, self.DELETING), Vendor(), wanted)

        assert (said.outcome, said.code) == (Outcome.REFUSED, "manual")

    @pytest.mark.parametrize(
        ("declared", "missing"), [(("contact",), []), (("contact", "cookies"), ["categories/1"]), ((), [])]
    )
    def test_lets_no_registration_be_switched_on(self, declared: tuple[str, ...], missing: list[str]) -> None:
        made = connector(FIND, OUTPUTS, self.DELETING)

        given = target(categories={"person": "contact", "calls": "contact"}, base_url="test", declared=declared)

        assert places(lacking(made, given)) == missing


class TestConstruct19Evidence:
    """Receipts and job ids by name; never a body."""

    async def test_construct_19_keeps_the_named_fields_only(self) -> None:
        steps = """
actions:
  stop_marketing:
    effect: suppressed
    steps:
      - request: {method: POST, path: /x}
        receipt:
          receipt_id: {json: $.id}
          mail_hash: {json: $.email, hash: true}
          nothing: {json: $.gone}
          trace: {header: X-Trace}
"""
        vendor = Vendor().says(
            "POST /x", Response(json.dumps({"id": 9, "email": "anna@example.org"}), headers={"x-trace": "t"})
        )
        answer = await asked(connector(steps), vendor, order(Action.STOP_MARKETING))
        assert answer.body["evidence"] == {
            "connector": "vendor",
            "method": "suppressed",
            "receipt_id": "9",
            "mail_hash": hashlib.sha256(b"anna@example.org").hexdigest(),
            "trace": "t",
        }
        assert "anna" not in json.dumps(answer.body)


class TestConstruct20CheckAndDryRun:
    """Trying without doing."""

    STEPS = """
actions:
  erase:
    effect: erased
    steps:
      - {request: {method: DELETE, path: "/people/{{ m.id }}"}}
      - {request: {method: POST, path: /remove, json: {e: "{{ id.email }}"}}, dry_run: {validateOnly: true}}
      - merge_put: {put: {method: PUT, path: /people}, set: {name: null}}
check: {request: {path: /ping}}
"""

    async def test_construct_20_a_dry_run_reads_rehearses_and_changes_nothing(self) -> None:
        """Google's validateOnly."""
        vendor = Vendor().says("GET /people", [ANNA]).says("POST /remove", {})
        answer = await asked(connector(FIND, self.STEPS), vendor, ERASE, dry_run=True)
        assert (answer.outcome, answer.code) == (Outcome.REFUSED, "dry_run")
        assert vendor.lines == ["GET /people", "POST /remove"]
        assert json.loads(vendor.seen[1].body) == {"e": "anna@example.org", "validateOnly": True}
        assert "DELETE /people/{{ m.id }}" in answer.body["message"]
        assert "anna" not in answer.body["message"].lower()

    @pytest.mark.parametrize(("answer", "code"), [({}, "ok"), (403, "http_403"), (401, "auth")])
    async def test_construct_20_a_check_shows_whether_the_connection_works(self, answer: Any, code: str) -> None:
        vendor = Vendor().says("GET /ping", answer)
        async with connected(connector(FIND, self.STEPS), vendor) as adapter:
            assert await adapter.check() == code

    async def test_construct_20_loopback_stands_for_the_vendor_in_the_sandbox_only(self) -> None:
        vendor = Vendor()
        async with connected(connector(FIND, self.STEPS), vendor, line=replace(LINE, sandbox=False)) as adapter:
            answer = await adapter.send(ERASE)
        assert (answer.outcome, answer.code) == (Outcome.FAILED, "lacks_setting_base_url")
        assert vendor.seen == []
