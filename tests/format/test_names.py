"""Names of HDUs: the index agrees with a walk over all HDUs, whatever is added, renamed and looked up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rustfits_cffi.format.names import HDUNames

NAME = st.sampled_from([None, "", "SCI", "sci", " Sci", "ERR ", "a b", "Ünicode"])
VERSION = st.integers(-1, 2)
HDU = st.tuples(NAME, VERSION)
STEP = st.one_of(
    st.tuples(st.just("extend"), st.lists(HDU, max_size=4)),
    st.tuples(st.just("replace"), st.tuples(st.integers(0, 20), HDU)),
    st.tuples(st.just("find"), st.tuples(NAME.filter(lambda name: name is not None), st.none() | VERSION)),
)


def walk(hdus, wanted, version):
    """Number of the first HDU with that name, found by a walk over all."""
    for number, (name, other) in enumerate(hdus):
        if name is not None and name.strip().upper() == wanted.strip().upper() and version in (None, other):
            return number
    return None


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_index_finds_what_a_walk_finds(steps):
    names, hdus = HDUNames(), []
    for action, given_ in steps:
        if action == "extend":
            names.extend([name for name, _ in given_], [version for _, version in given_])
            hdus += given_
        elif action == "replace" and given_[0] < len(hdus):
            names.replace(given_[0], *given_[1])
            hdus[given_[0]] = given_[1]
        elif action == "find":
            assert names.find(*given_) == walk(hdus, *given_)
    assert len(names) == len(hdus) and list(zip(names.names, names.versions, strict=True)) == hdus
