"""A package about somebody who must not be found says nowhere where they are, and not why."""

import json

from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import Level
from app.domain.release import REASONS, review
from app.domain.release_places import REASON, without_places

SECRET_PLACE = "Hemliga vägen 7"
fields = st.sampled_from(["address", "street", "postort", "homeAddress", "name", "note", "amount", "email_address"])
rows = st.lists(
    st.dictionaries(fields, st.one_of(st.just(SECRET_PLACE), st.dictionaries(fields, st.just(SECRET_PLACE)))),
    max_size=5,
)


class TestWithoutPlaces:
    @given(rows)
    def test_masks_every_field_that_says_where(self, rows):
        """At any depth; each is counted and has its reason (GDPR Art. 32, 12(4))."""
        released = review(category="contact", data_class="ordinary", rows=rows, level=Level.SUBSTANTIAL)
        found = without_places(released)
        masked = json.dumps(found.rows).count(f"[withheld: {REASON}]")

        def places(row: object) -> int:
            if not isinstance(row, dict):
                return 0
            return sum(
                (name in ("address", "street", "postort", "homeAddress") and value == SECRET_PLACE) + places(value)
                for name, value in row.items()
            )

        assert sum(places(row) for row in found.rows) == 0
        assert sum(one.count for one in found.withheld if one.reason_code == REASON) == masked

    def test_does_not_say_why(self):
        """The reason speaks of the file: whoever reads over a shoulder learns of no secrecy mark."""
        said = (REASONS[REASON].sv + REASONS[REASON].en).lower()

        assert not any(word in said for word in ("skydd", "sekretess", "protect", "secre", "hid"))
