"""The registry of recipients over HTTP."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.routers.conftest import ADMIN

NEW = {
    "controller": "westra",
    "key": "helpdesk",
    "title": "Helpdesk",
    "kind": "webhook",
    "actions": ["locate", "export"],
    "categories": [],
    "answer_mode": "callback",
    "limits": {"rate_per_second": 2.5, "burst": 2, "concurrency": 1},
}
SECRET = "whsec_" + "QUJD" * 8


async def register(client: httpx.AsyncClient, **other: Any) -> tuple[str, dict[str, Any]]:
    answer = await client.post("/v1/processors", json=NEW | other, headers=ADMIN.headers())
    assert answer.status_code == 201, answer.text
    return answer.headers["location"], answer.json()


class TestProcessor:
    async def test_starts_unconnected(self, client: httpx.AsyncClient) -> None:
        """
        It takes part once it can be called.
        """
        _, made = await register(client)

        assert (made["state"], made["has_secret"], made["version"]) == ("unconnected", False, 1)
        assert made["limits"] == NEW["limits"]

    async def test_key_is_taken_once(self, client: httpx.AsyncClient) -> None:
        """
        409 for the second of the same name.
        """
        await register(client)
        again = await client.post("/v1/processors", json=NEW, headers=ADMIN.headers())

        assert (again.status_code, again.json()["type"]) == (409, "/problems/key-taken")

    async def test_is_connected_by_secret_and_endpoint(self, client: httpx.AsyncClient) -> None:
        """
        Active without them is refused; a secret goes in and never comes out.
        """
        path, _ = await register(client)
        early = await client.patch(path, json={"state": "active"}, headers=ADMIN.headers(**{"If-Match": '"1"'}))
        secret = await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        change = {"state": "active", "endpoint": "https://desk.example.com/", "limits": {"burst": 9}}
        done = await client.patch(path, json=change, headers=ADMIN.headers(**{"If-Match": version}))

        assert early.status_code == 422
        assert [one["pointer"] for one in early.json()["errors"]] == ["#/endpoint", "#/secrets/signing"]
        assert secret.status_code == 204
        assert (done.status_code, done.json()["state"], done.json()["has_secret"]) == (200, "active", True)
        assert done.json()["limits"] == {"rate_per_second": 2.5, "burst": 9, "concurrency": 1}
        assert done.headers["etag"] != version
        assert SECRET[6:] not in done.text

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    @pytest.mark.parametrize(("match", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_is_changed_only_as_it_was_read(
        self, client: httpx.AsyncClient, method: str, match: dict[str, str], status: int
    ) -> None:
        """
        Two administrators do not overwrite each other.
        """
        path, made = await register(client)
        body = {"title": "Other"} if method == "PATCH" else None
        answer = await client.request(method, path, json=body, headers=ADMIN.headers(**match))
        after = (await client.get(path, headers=ADMIN.headers())).json()

        assert answer.status_code == status
        assert after == made

    @pytest.mark.parametrize(
        ("more", "status"),
        [
            ({"actions": ["export"]}, 409), ({"categories": ["contact"]}, 409),
            ({"identifier_types": ["personnummer"]}, 409), ({"answer_mode": "poll"}, 409),
            ({"kind": "manual"}, 422), ({"recipient_kind": "own"}, 422), ({"key": "other"}, 422),
        ],
    )  # fmt: skip
    async def test_is_told_and_asked_no_more_by_a_change(
        self, client: httpx.AsyncClient, more: dict[str, Any], status: int
    ) -> None:
        """
        GDPR Art. 5(1)(c): what a recipient may be told and asked is settled once it is switched on.
        """
        path, _ = await register(client, endpoint="https://desk.example.com/")
        await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        await client.patch(path, json={"state": "active"}, headers=ADMIN.headers(**{"If-Match": version}))
        on = await client.get(path, headers=ADMIN.headers())
        headers = ADMIN.headers(**{"If-Match": on.headers["etag"]})
        answer = await client.patch(path, json=more, headers=headers)
        after = (await client.get(path, headers=ADMIN.headers())).json()

        assert on.json()["state"] == "active"
        assert (answer.status_code, after) == (status, on.json())

    async def test_is_gone_once_removed(self, client: httpx.AsyncClient) -> None:
        """
        It is no longer listed; its past stays on the cases.
        """
        path, _ = await register(client)
        removed = await client.delete(path, headers=ADMIN.headers(**{"If-Match": '"1"'}))
        gone = await client.get(path, headers=ADMIN.headers())

        assert (removed.status_code, gone.status_code) == (204, 404)

    @pytest.mark.parametrize("secret", ["whsec_short", "x" * 60])
    async def test_secret_is_long_and_well_formed(self, client: httpx.AsyncClient, secret: str) -> None:
        """
        422 that names the field and not the secret.
        """
        path, _ = await register(client)
        answer = await client.post(f"{path}/secrets", json={"secret": secret}, headers=ADMIN.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/secret")
        assert secret not in answer.text


class TestFaults:
    """What is not right is told at once, all of it, with its place."""

    async def test_are_told_when_it_is_registered_and_refuse_it_when_it_is_switched_on(
        self, client: httpx.AsyncClient
    ) -> None:
        """
        The same list twice: as advice, and as the refusal; in the reader's language.
        """
        new = NEW | {"kind": "opendsr", "settings": {"dialekt": "2.0"}}
        made = await client.post("/v1/processors", json=new, headers=ADMIN.headers())
        headers = ADMIN.headers(**{"If-Match": made.headers["etag"], "accept-language": "sv"})
        refused = await client.patch(made.headers["location"], json={"state": "active"}, headers=headers)
        (_, setting) = told = made.json()["lacking"]

        assert [(one["pointer"], one["code"]) for one in told] == [
            ("#/endpoint", "missing"),
            ("#/settings/dialekt", "unknown"),
        ]
        assert setting["detail"].startswith("There is no 'dialekt'; there are: dialect, ")
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/not-connectable")
        assert [one["pointer"] for one in refused.json()["errors"]] == [one["pointer"] for one in told]
        assert refused.json()["errors"][0]["detail"] == "Adressen (endpoint) saknas."

    async def test_are_none_once_everything_is_there(self, client: httpx.AsyncClient) -> None:
        """
        An empty list says that it can be switched on.
        """
        made = await client.post("/v1/processors", json=NEW | {"endpoint": "https://a.se/"}, headers=ADMIN.headers())
        await client.post(f"{made.headers['location']}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
        seen = await client.get(made.headers["location"], headers=ADMIN.headers())

        assert [one["pointer"] for one in made.json()["lacking"]] == ["#/secrets/signing"]
        assert seen.json()["lacking"] == []

    @pytest.mark.parametrize(
        ("changes", "slug", "pointer", "words"),
        [
            ({"after": ["finns-inte"]}, "unknown-predecessor", "#/after/0", "There is no 'finns-inte'; there are: "),
            (
                {"categories": ["contakt"]},
                "unknown-category",
                "#/categories/0",
                "'contakt'; there are: contact",
            ),
            ({"answer_mode": None}, "how-it-answers-needed", "#/answer_mode", "sync, poll or callback"),
            ({"answer_mode": "human"}, "how-it-answers-needed", "#/answer_mode", "sync, poll or callback"),
            ({"kind": "manual", "actions": ["locate"]}, "nobody-searches-by-hand", "#/actions", "locate"),
        ],
    )
    async def test_of_what_is_never_right_refuse_the_registration(
        self, client: httpx.AsyncClient, changes: dict[str, Any], slug: str, pointer: str, words: str
    ) -> None:
        """
        An order nobody keeps, a category nobody has, an answer nobody waits for: never taken and passed over.
        """
        refused = await client.post("/v1/processors", json=NEW | changes, headers=ADMIN.headers())
        (error,) = refused.json()["errors"]

        assert (refused.status_code, refused.json()["type"]) == (422, f"/problems/{slug}")
        assert error["pointer"] == pointer
        assert words in error["detail"]

    @pytest.mark.parametrize(
        ("changes", "pointer", "detail"),
        [
            ({"key": "My CRM"}, "#/key", "Texten har inte rätt form. Till exempel: my-crm."),
            (
                {"limits": {"quota": [{"calls": 1, "per": "1 minute"}]}},
                "#/limits/quota/0/per",
                "Texten har inte rätt form. Till exempel: PT1M, PT24H, P1D.",
            ),
            ({"title": ""}, "#/title", "Texten är för kort."),
        ],
    )
    async def test_of_a_text_have_an_example(
        self, client: httpx.AsyncClient, changes: dict[str, Any], pointer: str, detail: str
    ) -> None:
        """
        "Not the right form" is of no use to whoever does not know the form; and a text is no list.
        """
        headers = ADMIN.headers(**{"accept-language": "sv"})
        refused = await client.post("/v1/processors", json=NEW | changes, headers=headers)

        assert refused.json()["errors"] == [{"pointer": pointer, "detail": detail}]

    async def test_name_the_secret_that_the_kind_takes(self, client: httpx.AsyncClient) -> None:
        """
        One under a misspelt name would lie there unread.
        """
        path, _ = await register(client)
        wrong = {"name": "signering", "secret": SECRET}
        refused = await client.post(f"{path}/secrets", json=wrong, headers=ADMIN.headers())

        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/secret-not-taken")
        assert refused.json()["errors"] == [
            {"pointer": "#/name", "code": "unknown", "detail": "There is no 'signering'; there are: signing."}
        ]


class TestUnused:
    """A registration that has had no task is put right where it is; the key is not lost over a slip."""

    async def test_is_changed_in_all_that_was_said_of_it(self, client: httpx.AsyncClient) -> None:
        """
        What it has, may be asked and may be told, and how it answers.
        """
        path, _ = await register(client)
        said = {
            "actions": ["locate", "freeze", "erase"], "categories": ["contact"], "identifier_types": ["email"],
            "answer_mode": "poll", "idempotency": "query",
        }  # fmt: skip
        changed = await client.patch(path, json=said, headers=ADMIN.headers(**{"If-Match": '"1"'}))

        assert changed.status_code == 200
        assert {name: changed.json()[name] for name in said} == said

    async def test_key_of_a_removed_one_is_said_to_be_so(self, client: httpx.AsyncClient) -> None:
        """
        It is in no list any more, and its past still is under the key.
        """
        path, _ = await register(client)
        await client.delete(path, headers=ADMIN.headers(**{"If-Match": '"1"'}))
        again = await client.post("/v1/processors", json=NEW, headers=ADMIN.headers())

        assert (again.status_code, again.json()["type"]) == (409, "/problems/key-was-taken")
        assert "choose another" in again.json()["detail"]

    @pytest.mark.parametrize(
        ("kind", "settings", "ways"),
        [
            ("sql", {}, ("sync", "yes")),
            ("files", {}, ("poll", "yes")),
            ("opendsr", {}, ("poll", "query")),
            ("plugin", {}, ("poll", "query")),
            ("rest", {"connector": "billecta"}, ("poll", "query")),
            ("email", {}, ("poll", "yes")),
        ],
    )
    async def test_answers_as_its_kind_does_unless_something_else_is_said(
        self, client: httpx.AsyncClient, kind: str, settings: dict[str, Any], ways: tuple[str, str]
    ) -> None:
        """
        Only a webhook's owner knows; everybody else would have to guess a word that follows from the kind.
        """
        new = {name: value for name, value in NEW.items() if name != "answer_mode"}
        said = new | {"kind": kind, "actions": ["erase"], "settings": settings}
        made = await client.post("/v1/processors", json=said, headers=ADMIN.headers())

        assert (made.json()["answer_mode"], made.json()["idempotency"]) == ways


class TestSecret:
    async def test_is_shown_by_name_and_date_and_never_itself(self, client: httpx.AsyncClient) -> None:
        """
        When it was set, by whom, how long the one before is good.
        """
        path, _ = await register(client)
        for secret, overlap in ((SECRET, "P0D"), ("whsec_" + "RUZH" * 8, "PT36H")):
            body = {"secret": secret, "overlap": overlap}
            assert (await client.post(f"{path}/secrets", json=body, headers=ADMIN.headers())).status_code == 204
        shown = await client.get(path, headers=ADMIN.headers())
        (said,) = shown.json()["secrets"]

        assert said.keys() == {"name", "set_at", "set_by", "set_by_role", "previous_until"}
        assert (said["name"], said["set_by_role"], shown.json()["secret_names"]) == ("signing", "admin", ["signing"])
        between = datetime.fromisoformat(said["previous_until"]) - datetime.fromisoformat(said["set_at"])
        assert between == timedelta(hours=36)
        assert "QUJD" not in shown.text
        assert "RUZH" not in shown.text

    @pytest.mark.parametrize("overlap", ["", "7", "P91D", "P1M", "P1DT1H", "-P1D", "PT1000H", "P7D\n", 7])
    async def test_is_replaced_with_an_overlap_nobody_misreads(self, client: httpx.AsyncClient, overlap: Any) -> None:
        """
        Whole days to ninety, or hours.
        """
        path, _ = await register(client)
        body = {"secret": SECRET, "overlap": overlap}
        answer = await client.post(f"{path}/secrets", json=body, headers=ADMIN.headers())

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/overlap")

    async def test_is_removed_by_name(self, client: httpx.AsyncClient) -> None:
        """
        Only as it was read, and only what there is.
        """
        path, _ = await register(client, kind="plugin")
        await client.post(f"{path}/secrets", json={"secret": "x", "name": "api_key"}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        statuses = []
        for name, match in (
            ("api_key", {}),
            ("api_key", {"If-Match": '"1"'}),
            ("other", {"If-Match": version}),
            ("No Name", {"If-Match": version}),
            ("api_key", {"If-Match": version}),
        ):
            answer = await client.delete(f"{path}/secrets/{name}", headers=ADMIN.headers(**match))
            statuses.append(answer.status_code)
        shown = (await client.get(path, headers=ADMIN.headers())).json()

        assert statuses == [428, 412, 404, 404, 204]
        assert (shown["secrets"], shown["has_secret"]) == ([], False)

    async def test_that_is_needed_is_not_removed(self, client: httpx.AsyncClient) -> None:
        """
        409: set another first, or pause the processor.
        """
        path, _ = await register(client)
        await client.post(f"{path}/secrets", json={"secret": SECRET}, headers=ADMIN.headers())
        version = (await client.get(path, headers=ADMIN.headers())).headers["etag"]
        change = {"state": "active", "endpoint": "https://desk.example.com/"}
        done = await client.patch(path, json=change, headers=ADMIN.headers(**{"If-Match": version}))
        match = {"If-Match": done.headers["etag"]}
        answer = await client.delete(f"{path}/secrets/signing", headers=ADMIN.headers(**match))

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/secret-needed")

    @pytest.mark.parametrize(
        ("settings", "pointer"),
        [
            ({"api_key": "abc"}, "#/settings/api_key"),
            ({"auth": [{"password": "abc"}]}, "#/settings/auth/0/password"),
            ({"note": "Bearer abc"}, "#/settings/note"),
        ],
    )
    @pytest.mark.parametrize(("language", "said"), [("sv", "lämna den med namn"), ("en", "give it by name")])
    async def test_has_no_place_among_settings(
        self, client: httpx.AsyncClient, settings: dict[str, Any], pointer: str, language: str, said: str
    ) -> None:
        """
        422 that says which one, and where secrets go.
        """
        path, made = await register(client)
        headers = ADMIN.headers(**{"If-Match": f'"{made["version"]}"', "Accept-Language": language})
        changed = await client.patch(path, json={"settings": settings}, headers=headers)
        body = NEW | {"key": "another", "settings": settings}
        registered = await client.post("/v1/processors", json=body, headers=ADMIN.headers())

        for answer in (changed, registered):
            assert (answer.status_code, answer.json()["type"]) == (422, "/problems/secret-in-settings")
            assert answer.json()["errors"][0]["pointer"] == pointer
            assert "abc" not in answer.text
        assert said in changed.json()["detail"]
        assert "/v1/processors/{id}/secrets" in changed.json()["detail"]


class TestProfile:
    async def test_shows_what_the_policy_lacks(self, client: httpx.AsyncClient) -> None:
        """
        What an honest answer still lacks is said in the reader's language.
        """
        path = "/v1/controllers/westra/profile/problems"
        sv = (await client.get(path, headers=ADMIN.headers(**{"Accept-Language": "sv"}))).json()["items"]
        en = (await client.get(path, headers=ADMIN.headers(**{"Accept-Language": "en"}))).json()["items"]

        assert [one["code"] for one in sv] == [one["code"] for one in en]
        assert sv[0]["text"] != en[0]["text"]


QUOTA = {"calls": 250, "per": "PT1M", "kind": "sliding", "zone": "UTC", "cost": 1}


class TestLane:
    async def test_is_shown_with_its_registration(self, client: httpx.AsyncClient) -> None:
        """
        Whoever runs the registry sees at a glance whether a recipient is well.
        """
        path, made = await register(client)
        listed = (await client.get("/v1/processors", headers=ADMIN.headers())).json()["items"]
        shown = (await client.get(path, headers=ADMIN.headers())).json()

        assert made["lane"] == shown["lane"] == {"breaker": "closed", "failures": 0}
        assert [one["lane"] for one in listed] == [made["lane"]]

    async def test_is_reset_by_an_administrator(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        """
        Open and resting before, closed and going after.
        """
        path, made = await register(client)
        opened = (
            "UPDATE lane SET breaker = 'open', failures = 5, openings = 3, opened_at = now(), last_code = 'http_503',"
            " probe_at = now() + interval '1 hour', rests_until = now() + interval '2 hours',"
            " rests_for = 'said_by_processor'"
        )
        await session.execute(text(opened))
        before = (await client.get(path, headers=ADMIN.headers())).json()["lane"]
        reset = await client.post(f"{path}/lane/reset", headers=ADMIN.headers())

        assert (before["breaker"], before["failures"], before["last_code"]) == ("open", 5, "http_503")
        assert before["rests_for"] == "said_by_processor"
        assert (reset.status_code, reset.json()["lane"]) == (200, {"breaker": "closed", "failures": 0})
        assert reset.json()["version"] == made["version"]


class TestQuota:
    async def test_is_registered_changed_and_ended(self, client: httpx.AsyncClient) -> None:
        """
        All there are from now on; the other limits stay, and an empty list ends them.
        """
        limits = NEW["limits"] | {"quota": [{"calls": 250, "per": "PT1M"}]}
        made = await client.post("/v1/processors", json=NEW | {"limits": limits}, headers=ADMIN.headers())
        path = made.headers["location"]
        shown = []
        for version, quota in (
            ("1", [{"calls": 500, "per": "P1D", "kind": "fixed", "zone": "Europe/Stockholm"}]),
            ("2", []),
        ):
            done = await client.patch(
                path, json={"limits": {"quota": quota}}, headers=ADMIN.headers(**{"If-Match": f'"{version}"'})
            )
            shown.append(done.json()["limits"])

        assert made.json()["limits"] == NEW["limits"] | {"quota": [QUOTA]}
        assert shown[0]["quota"][0] | {"cost": 1} == {
            "calls": 500, "per": "P1D", "kind": "fixed", "zone": "Europe/Stockholm", "cost": 1,
        }  # fmt: skip
        assert shown[1] == NEW["limits"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"calls": 0},
            {"per": "P1M"},
            {"per": "PT1H30M"},
            {"zone": "Mars/Olympus"},
            {"kind": "leaky"},
            {"calls": 3, "cost": 4},
            {"calls": "250"},
        ],
    )
    async def test_that_says_nothing_clear_is_refused(self, client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
        """
        A limit that is read otherwise than it was meant is a broken contract.
        """
        limits = NEW["limits"] | {"quota": [QUOTA | wrong]}
        answer = await client.post("/v1/processors", json=NEW | {"limits": limits}, headers=ADMIN.headers())

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("#/limits/quota/0")


class TestOrder:
    async def test_is_changed_but_never_into_a_circle(self, client: httpx.AsyncClient) -> None:
        """
        Recipients that wait for each other would never be asked.
        """
        path, _ = await register(client)
        other = await client.post(
            "/v1/processors", json=NEW | {"key": "crm", "after": ["helpdesk"]}, headers=ADMIN.headers()
        )
        circle = await client.patch(path, json={"after": ["crm"]}, headers=ADMIN.headers(**{"If-Match": '"1"'}))
        turned = [
            await client.patch(one, json={"after": after}, headers=ADMIN.headers(**{"If-Match": '"1"'}))
            for one, after in ((other.headers["location"], []), (path, ["crm"]))
        ]

        assert (circle.status_code, circle.json()["type"]) == (422, "/problems/order-has-cycle")
        assert [one.json()["after"] for one in turned] == [[], ["crm"]]
