"""Whatever is typed into a field or a filter: a value, or one line of what is wrong."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bertcl_tui.arena.fields import TABLE_FIELDS
from bertcl_tui.options import OPTIONS, build_study_spec
from bertcl_tui.store.filters import parse_filter
from bertcl_tui.study.columns import trial_fields
from engine.spec import StudySpec
from tests.foreign import TEXTS, complaint

NAMES = st.sampled_from([item.name for item in OPTIONS])
NUMBERS = st.integers().map(str) | st.floats().map(repr)
COMPARED = st.sampled_from(["p_o", "state", "lr3", "time", "label", "#", "nothing"])
OPERATORS = st.sampled_from([">", "<", ">=", "=", "!=", ":", " : ", ""])


@settings(max_examples=settings().max_examples // 2)
@given(st.dictionaries(NAMES, TEXTS | NUMBERS, max_size=3))
def test_any_options_of_a_search(texts: dict[str, str]) -> None:
    def build() -> None:
        spec = build_study_spec({"sequence": "sst2:mrpc"} | texts)
        written = msgspec.json.encode(spec)
        assert msgspec.json.decode(written, type=StudySpec) == spec

    complaint(build)


@given(TEXTS | NUMBERS)
def test_any_text_in_any_field(text: str) -> None:
    for field in (*OPTIONS, *TABLE_FIELDS):
        trouble = field.trouble(text)
        assert trouble is None or trouble.isprintable()


@given(st.lists(st.tuples(COMPARED, OPERATORS, TEXTS | NUMBERS).map("".join), max_size=3))
def test_any_filter(terms: list[str]) -> None:
    complaint(lambda: parse_filter(" ".join(terms), trial_fields(8)))
