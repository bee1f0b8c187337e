from dataclasses import replace

import pytest

from twinpool.errors import InvalidParameter
from twinpool_services.cli.binding import bind, bind_texts
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Cmdlets, Outcome
from twinpool_services.cli.parameters import FORCE, TEXT, Parameter, ParameterType, choice, switch

NUMBER = ParameterType(label="Int32", read=int)
LIST = ParameterType(label="String[]", read=lambda text: [part.strip() for part in text.split(",")], is_list=True)


def parameter(name: str, type_: ParameterType = TEXT, **more: object) -> Parameter:
    return Parameter(name=name, type=type_, help="For a test.", **more)  # type: ignore[arg-type]  # a test's shorthand


THING = Cmdlet(
    name="Set-CsThing",
    synopsis="Serves this test.",
    run=lambda *_: Outcome(),
    examples=(),
    parameters=(
        parameter("Identity", position=0, sets=frozenset({"Identity"})),
        parameter("Filter", sets=frozenset({"Filter"})),
        parameter("Size", NUMBER, default=7),
        parameter("SizeLimit", NUMBER),
        parameter("SourcePool"),
        parameter("Groups", LIST),
        parameter("Category", choice("C", "UserData", "CMS")),
        parameter("Second", position=1),
        FORCE,
        switch("Confirm", "Asks.", "cf"),
    ),
)

NEEDY = Cmdlet(
    name="Get-CsNeedy",
    synopsis="Serves this test.",
    run=lambda *_: Outcome(),
    examples=(),
    parameters=(parameter("PoolFqdn", mandatory=True), FORCE),
)


def given(*words: str) -> dict[str, object]:
    return dict(bind(THING, words).given)


def refusal(cmdlet: Cmdlet, *words: str) -> InvalidParameter:
    with pytest.raises(InvalidParameter) as refused:
        bind(cmdlet, words)
    return refused.value


@pytest.mark.parametrize("name", ["-SourcePool", "-sourcepool", "-SOURCEPOOL", "--SourcePool"])
def test_the_case_of_a_name_does_not_matter(name: str) -> None:
    assert given(name, "x") == {"SourcePool": "x"}


@pytest.mark.parametrize("dash", ["-", "--", "\u2013", "\u2014", "\u2013\u2013"])
def test_a_dash_may_be_any_that_a_word_processor_makes(dash: str) -> None:
    """Claim 18: the command is printed with an en dash."""
    assert given(f"{dash}SourcePool", "x") == {"SourcePool": "x"}


@pytest.mark.parametrize("words", [["-SourcePool:x"], ["-SourcePool:", "x"], ["--SourcePool=x"], ["-so:x"]])
def test_a_value_may_be_attached(words: list[str]) -> None:
    assert given(*words) == {"SourcePool": "x"}


def test_an_attached_value_may_hold_colons_and_be_empty_after_an_equals_sign() -> None:
    assert given("-SourcePool:http://a:1") == {"SourcePool": "http://a:1"}
    assert given("--SourcePool=", "x") == {"SourcePool": "", "Identity": "x"}
    assert given("-SourcePool", "") == {"SourcePool": ""}


def test_a_name_may_be_cut_short_while_it_stays_clear() -> None:
    assert given("-Sou", "x") == {"SourcePool": "x"}
    assert given("-SizeL", "1") == {"SizeLimit": 1}


def test_a_whole_name_is_clear_though_another_begins_like_it() -> None:
    assert given("-Size", "1") == {"Size": 1}


def test_a_name_that_may_be_several_is_refused_and_they_are_named() -> None:
    assert "-Size, -SizeLimit" in str(refusal(THING, "-Siz", "1"))


def test_an_alias_is_a_name() -> None:
    assert given("-cf") == {"Confirm": True}


def test_an_unknown_name_is_refused_and_the_valid_ones_are_named() -> None:
    error = refusal(NEEDY, "-Pool", "a", "-Colour", "red")
    assert error.field == "Colour"
    assert str(error) == "Get-CsNeedy has no parameter -Colour; it has -PoolFqdn, -Force, -Verbose, -ErrorAction"


def test_a_switch_needs_no_value_and_takes_none_but_an_attached_one() -> None:
    assert given("-Force", "x") == {"Force": True, "Identity": "x"}
    assert given("-Force:$false") == {"Force": False}
    assert given("-Force:$TRUE") == {"Force": True}
    assert refusal(THING, "-Force:maybe").field == "Force"


@pytest.mark.parametrize("words", [["-SourcePool"], ["-SourcePool", "-Force"], ["-SourcePool:"]])
def test_a_value_that_is_missing_is_missed(words: list[str]) -> None:
    error = refusal(THING, *words)
    assert error.field == "SourcePool"
    assert "needs a value" in str(error)


def test_a_negative_number_and_a_lone_dash_are_values() -> None:
    assert given("-Size", "-5") == {"Size": -5}
    assert given("-SourcePool", "-") == {"SourcePool": "-"}


@pytest.mark.parametrize("words", [["a,b"], ["a,", "b"], ["a", ",b"], ["a", ",", "b"]])
def test_a_list_is_parted_by_commas_with_or_without_blanks(words: list[str]) -> None:
    assert given("-Groups", *words, "-Force") == {"Groups": ["a", "b"], "Force": True}


def test_what_has_no_name_goes_by_position() -> None:
    assert given("x", "-Size", "1", "y") == {"Identity": "x", "Size": 1, "Second": "y"}
    assert given("-Identity", "x", "y") == {"Identity": "x", "Second": "y"}
    assert "'z'" in str(refusal(THING, "x", "y", "z"))
    assert "'pool1.lab'" in str(refusal(NEEDY, "pool1.lab"))


def test_a_parameter_is_given_once() -> None:
    assert "twice" in str(refusal(THING, "-Size", "1", "-Size:2"))


def test_what_is_mandatory_has_to_be_given() -> None:
    error = refusal(NEEDY)
    assert error.field == "PoolFqdn"
    assert "-PoolFqdn <String>" in str(error)


def test_parameters_of_different_sets_do_not_go_together() -> None:
    error = refusal(THING, "-Identity", "global", "-Filter", "g*")
    assert str(error) == "-Identity, -Filter of Set-CsThing cannot be used together"


def test_a_value_of_the_wrong_type_names_the_parameter() -> None:
    assert refusal(THING, "-Size", "big").field == "Size"


def test_a_word_of_an_enumeration_is_taken_in_any_case() -> None:
    assert given("-Category", "cms") == {"Category": "CMS"}
    assert "UserData, CMS" in str(refusal(THING, "-Category", "RGS"))


def test_defaults_stand_for_what_is_not_given() -> None:
    bound = bind(THING, ["-SourcePool", "x"])
    assert bound["Size"] == 7
    assert bound["SizeLimit"] is None
    assert bound.text("SourcePool") == "x"
    assert not bound.flag("Force")
    assert not bound.flag("Nonsense")
    with pytest.raises(TypeError):
        bound.text("Size")


def test_texts_are_bound_by_the_same_rules() -> None:
    assert bind_texts(THING, {"Size": "3"}) == Bound({"Size": 3}, THING.defaults)
    with pytest.raises(InvalidParameter):
        bind_texts(NEEDY, {})
    with pytest.raises(InvalidParameter):
        bind_texts(THING, {"Identity": "a", "Filter": "b"})


def test_a_table_with_one_name_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two parameters"):
        replace(NEEDY, parameters=(parameter("A"), parameter("B", aliases=("a",))))


def test_cmdlets_are_found_in_any_case_and_others_are_suggested() -> None:
    cmdlets = Cmdlets([THING, NEEDY])
    assert cmdlets["SET-csthing"] is THING
    assert "get-csneedy" in cmdlets
    with pytest.raises(InvalidParameter, match="did you mean Set-CsThing"):
        cmdlets["Set-CsThings"]
