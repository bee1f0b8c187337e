"""Modules are found by every name that operators use, and a plug-in that does not fit is named."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool.modules.module import Category, RecordModule
from twinpool.modules.registry import GROUP, OURS, load_modules, modules_from
from twinpool.vocabulary.names import ModuleName


class Voicemail(RecordModule):
    name = ModuleName("UserServices.Voicemail")
    short_name = "Voicemail"


class Archive(RecordModule):
    name = ModuleName("Archive.Messages")
    short_name = "Messages"


class SameShortName(RecordModule):
    name = ModuleName("Other.Thing")
    short_name = "presencefocus"


class Nameless(RecordModule):
    pass


class BadName(RecordModule):
    name = ModuleName("has a space")
    short_name = "x"


class Reserved(RecordModule):
    name = ModuleName("Control")
    short_name = "all"


class BadCategory(RecordModule):
    name = ModuleName("Bad.Category")
    short_name = "BadCategory"
    category = "UserData"  # type: ignore[assignment]  # on purpose


class NoWalk:
    name = "No.Walk"
    short_name = "NoWalk"
    category = Category.CMS
    names_content = False
    check = attachments = collect = apply = print


class Raises(RecordModule):
    def __init__(self) -> None:
        raise ZeroDivisionError("no module today")


def point(name: str, kind: str) -> EntryPoint:
    return EntryPoint(name=name, value=f"{__name__}:{kind}", group=GROUP)


OUR_POINTS = [
    EntryPoint(name="CentralMgmt.CMSMaster", value="twinpool.modules.cms_master:CmsMaster", group=GROUP),
    EntryPoint(name="UserServices.PresenceFocus", value="twinpool.modules.presence_focus:PresenceFocus", group=GROUP),
    EntryPoint(name="ConfServices.DataConf", value="twinpool.modules.data_conf:DataConf", group=GROUP),
]


def test_ours_are_installed_in_the_order_of_the_status_table() -> None:
    assert load_modules().names[:3] == OURS


def test_others_follow_ours_by_name() -> None:
    modules = modules_from(
        [point("UserServices.Voicemail", "Voicemail"), point("Archive.Messages", "Archive"), *OUR_POINTS]
    )

    assert modules.names == (*OURS, "Archive.Messages", "UserServices.Voicemail")
    assert len(modules) == 5


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("PresenceFocus", OURS[0]),
        ("presencefocus", OURS[0]),
        ("userservices.PRESENCEFOCUS", OURS[0]),
        ("DataConf", OURS[1]),
        ("ConfServices.DataConf", OURS[1]),
        ("CMSMaster", OURS[2]),
        ("CentralMgmt", OURS[2]),
        ("centralmgmt.cmsmaster", OURS[2]),
    ],
)
def test_a_module_is_found_by_its_names_whatever_the_case(word: str, name: str) -> None:
    modules = modules_from(OUR_POINTS)

    assert modules[word].name == name
    assert [module.name for module in modules.select(word)] == [name]


def test_all_selects_every_module() -> None:
    assert [module.name for module in modules_from(OUR_POINTS).select("aLL")] == list(OURS)


def test_an_unknown_module_is_not_found_and_the_known_ones_are_told() -> None:
    with pytest.raises(NotFound, match="PresenceFocus, DataConf, CMSMaster"):
        modules_from(OUR_POINTS)["Focus"]


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("X", "DoesNotExist", "cannot be loaded: AttributeError"),
        ("X", "Raises", "cannot be loaded: ZeroDivisionError: no module today"),
        ("X", "Nameless", "its name has to be"),
        ("X", "BadName", "its name has to be"),
        ("X", "Reserved", "is reserved"),
        ("X", "BadCategory", "its category"),
        ("X", "NoWalk", "it has no walk"),
        ("X", "Voicemail", "is called UserServices.Voicemail by itself"),
        ("Other.Thing", "SameShortName", "takes the name presencefocus"),
    ],
)
def test_a_plug_in_that_does_not_fit_is_named_with_the_reason(name: str, kind: str, reason: str) -> None:
    with pytest.raises(InvalidConfiguration, match=reason) as caught:
        modules_from([*OUR_POINTS, point(name, kind)])

    assert caught.value.field == f"{GROUP}:{name}"


def test_a_plug_in_whose_package_is_missing_is_named() -> None:
    with pytest.raises(InvalidConfiguration, match=r"module X of distribution .* ModuleNotFoundError"):
        modules_from([EntryPoint(name="X", value="no.such.package:Thing", group=GROUP)])


def test_the_same_module_from_two_distributions_is_refused() -> None:
    with pytest.raises(InvalidConfiguration, match="takes the name"):
        modules_from([*OUR_POINTS, OUR_POINTS[0]])
