"""Where a registration leads, read from its address and its settings."""

import pytest

from app.domain.whereabouts import changes_in, is_elsewhere, place_of

HOME = "https://crm.example.com/insyn"


class TestPlace:
    @pytest.mark.parametrize(
        ("endpoint", "settings"),
        [
            pytest.param("https://evil.example/insyn", {}, id="another host"),
            pytest.param("http://crm.example.com/insyn", {}, id="another scheme"),
            pytest.param("https://crm.example.com:8443/insyn", {}, id="another port"),
            pytest.param("https://crm.example.com.evil.example/insyn", {}, id="a longer name"),
            pytest.param(None, {}, id="none"),
        ],
    )
    def test_is_the_origin_of_an_address(self, endpoint, settings):
        """GDPR Art. 32: whoever stands behind another scheme, host or port is somebody else."""
        assert is_elsewhere(place_of(HOME, {}), place_of(endpoint, settings), was_on=True)

    @pytest.mark.parametrize("same", ["https://crm.example.com/v2", "https://CRM.example.com/insyn?x=1"])
    def test_stays_where_only_the_path_is_another(self, same):
        """The same host answers there."""
        assert not is_elsewhere(place_of(HOME, {}), place_of(same, {}), was_on=True)

    @pytest.mark.parametrize(
        "settings",
        [
            {"url": "sftp://insyn@files.example.com/out"},
            {"base_url": "https://eu.vendor.example"},
            {"domain": "optout.example.com"},
            {"connector": "hubspot"},
            {"plugin": "keybox"},
            {"host": "db.example.com"},
            {"host_key": "ssh-ed25519 AAAA"},
            {"server_ca": "-----BEGIN CERTIFICATE-----"},
            {"address": "gdpr@vendor.example"},
            {"subdomain": "westra"},
            {"my_domain": "westra"},
            {"certificateHosts": ["static.example.com"]},
            {"options": {"endpoint": "https://s3.example.com"}},
            {"anything": "https://vendor.example.com/"},
        ],
        ids=lambda said: next(iter(said)),
    )
    def test_is_in_settings_that_say_where(self, settings):
        """Under whatever name: what says where, or is an address, leads there."""
        name = next(iter(settings))
        other = {name: "https://evil.example"}

        assert is_elsewhere(place_of(None, settings), place_of(None, other), was_on=False)
        assert is_elsewhere(place_of(None, settings), place_of(None, {}), was_on=False)
        assert is_elsewhere(place_of(HOME, {}), place_of(HOME, settings), was_on=True)

    @pytest.mark.parametrize(
        "settings",
        [
            {"categories": {"profile": "contact"}},
            {"poll_seconds": 60},
            {"language": "en"},
            {"erase": {"sql": "DELETE"}},
        ],
        ids=lambda said: next(iter(said)),
    )
    def test_is_not_in_settings_that_say_how(self, settings):
        """Asked another way, the same place is asked."""
        assert not is_elsewhere(place_of(HOME, {}), place_of(HOME, settings), was_on=True)

    def test_is_completed_by_what_is_added_before_it_is_switched_on(self):
        """Secret first or address first: until it is switched on, what comes belongs to one place."""
        before = place_of(None, {"connector": "zendesk"})

        assert not is_elsewhere(before, place_of(None, {"connector": "zendesk", "subdomain": "a"}), was_on=False)
        assert not is_elsewhere({}, place_of(HOME, {}), was_on=False)


class TestChange:
    def test_names_what_is_another_and_says_nothing_of_it(self):
        assert changes_in({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 4, "d": 5}) == ["b", "c", "d"]
