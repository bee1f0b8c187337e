import dataclasses
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool.errors import InvalidConfiguration, InvalidParameter
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, SETTINGS, BackupServiceConfiguration
from twinpool.vocabulary.settings import SyncTrigger


def test_claim_1_the_sync_interval_is_two_minutes_by_default() -> None:
    """Claim 1: the default for SyncInterval is two minutes."""
    assert BackupServiceConfiguration().sync_interval == timedelta(minutes=2)
    assert BackupServiceConfiguration().to_document()["SyncInterval"] == "00:02:00"


def test_claim_2_the_sync_interval_is_set_to_three_minutes() -> None:
    """Claim 2: `-SyncInterval 00:03:00` sets it to three minutes, and nothing else."""
    before = BackupServiceConfiguration()
    after = before.changed(SyncInterval="00:03:00")
    assert after == dataclasses.replace(before, sync_interval=timedelta(minutes=3))


def test_the_administrators_group_alone_is_authorized_by_default() -> None:
    assert BackupServiceConfiguration().authorized_universal_groups == ("RTCUniversalServerAdmins",)


@pytest.mark.parametrize(
    ("name", "lowest", "highest", "below", "above"),
    [
        ("SyncInterval", "00:00:05", "03:00:00", "00:00:04.999", "03:00:00.001"),
        ("AckTimeout", "00:00:01", "00:10:00", "00:00:00.999", "00:10:01"),
        ("MaxConcurrentCalls", 1, 1000, 0, 1001),
        ("Window", 1, 1000, 0, 1001),
        ("MaxDataConfPackageSizeKB", 1024, 2**31 - 1, 1023, 2**31),
    ],
)
def test_both_ends_of_a_range_belong_to_it(
    name: str, lowest: object, highest: object, below: object, above: object
) -> None:
    for inside in (lowest, highest):
        BackupServiceConfiguration().changed(**{name: inside})
    for outside in (below, above):
        with pytest.raises(InvalidParameter) as refused:
            BackupServiceConfiguration().changed(**{name: outside})
        assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SyncInterval", 180),
        ("SyncInterval", "3 minutes"),
        ("Window", True),
        ("Window", 8.0),
        ("Window", "-8"),
        ("Window", None),
        ("SyncTrigger", "Sometimes"),
        ("Identity", "site:Redmond"),
        ("AuthorizedUniversalGroups", ["Admins", "admins"]),
        ("AuthorizedUniversalGroups", ["Admins", ""]),
        ("AuthorizedUniversalGroups", "Admins,,Others"),
        ("AuthorizedUniversalGroups", ["Ad\nmins"]),
        ("AuthorizedUniversalGroups", [1]),
        ("AuthorizedUniversalGroups", {"Admins": 1}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidParameter) as refused:
        BackupServiceConfiguration().changed(**{name: value})
    assert refused.value.field == name
    assert name in str(refused.value)


def test_a_value_that_was_made_directly_is_checked_as_well() -> None:
    with pytest.raises(InvalidParameter):
        BackupServiceConfiguration(sync_interval=timedelta(seconds=4))


def test_text_is_taken_where_a_command_line_gives_nothing_else() -> None:
    changed = BackupServiceConfiguration().changed(
        Identity="GLOBAL", Window="12", SyncTrigger="interval", AuthorizedUniversalGroups="Admins, CSAdministrator"
    )
    assert changed.identity == "Global"
    assert changed.window == 12
    assert changed.sync_trigger is SyncTrigger.INTERVAL
    assert changed.authorized_universal_groups == ("Admins", "CSAdministrator")


@pytest.mark.parametrize("name", ["syncinterval", "Nonsense", "self", "sync_interval"])
def test_an_unknown_setting_is_an_error(name: str) -> None:
    with pytest.raises(InvalidParameter, match="no setting"):
        BackupServiceConfiguration().changed(**{name: 1})
    with pytest.raises(InvalidConfiguration) as refused:
        BackupServiceConfiguration.from_document({name: 1})
    assert refused.value.field == name


@pytest.mark.parametrize("document", [None, [], "text", 1, {1: 2}])
def test_what_is_no_object_is_no_configuration(document: object) -> None:
    with pytest.raises(InvalidConfiguration):
        BackupServiceConfiguration.from_document(document)


configurations = st.builds(
    BackupServiceConfiguration,
    sync_interval=st.timedeltas(min_value=timedelta(seconds=5), max_value=timedelta(hours=3)),
    linger=st.timedeltas(min_value=timedelta(0), max_value=timedelta(seconds=10)),
    sync_trigger=st.sampled_from(SyncTrigger),
    authorized_universal_groups=st.lists(
        st.text("abcABC \\-_", min_size=1).map(str.strip).filter(bool), unique_by=str.casefold
    ).map(tuple),
    window=st.integers(1, 1000),
)


@given(configurations)
def test_a_configuration_comes_back_from_its_json_document(configuration: BackupServiceConfiguration) -> None:
    document = json.loads(json.dumps(configuration.to_document()))
    assert BackupServiceConfiguration.from_document(document) == configuration


def test_a_document_of_a_younger_past_has_defaults_for_what_it_lacks() -> None:
    assert BackupServiceConfiguration.from_document({"Window": 3}) == BackupServiceConfiguration(window=3)


def test_every_field_is_a_setting_and_the_other_way_round() -> None:
    fields = [field.name for field in dataclasses.fields(BackupServiceConfiguration)]
    assert [setting.field for setting in SETTINGS] == fields


def test_it_lies_where_the_central_management_store_expects_it() -> None:
    assert CONFIGURATION_RECORD == ("configuration", "BackupService/Global")


@pytest.mark.parametrize("name", ["", "self", "\ud800"])
def test_no_name_of_a_setting_that_there_is_not_is_taken(name: str) -> None:
    with pytest.raises(InvalidParameter, match="there is no setting"):
        BackupServiceConfiguration().changed(**{name: 1})
