import pytest

from trainer.errors import TrainerError
from trainer.registry.promotion import PREVIOUS_TAG, REASON_TAG, TIME_TAG, promote, roll_back
from trainer.registry.ranking import of_run, ranked
from trainer.registry.versions import Version, all_versions, champion

NAME = "some-model"


def version(number, macro_f1, *, test="t1", data="d1", **tags):
    return Version(number, f"run-{number}", "bert", data, test, macro_f1, tags)


def best(versions):
    order, reason = ranked(versions)
    return order[0], reason


@pytest.fixture
def register(tracking):
    """A function that registers a version with these tags, as `trainer train` would."""

    def add(macro_f1, *, test="t1", data="d1", name=NAME):
        if not tracking.search_registered_models(f"name = '{name}'"):
            tracking.create_registered_model(name)
        run = tracking.create_run("0")
        tags = {
            "recipe": "naive-bayes",
            "data_fingerprint": data,
            "test_fingerprint": test,
            "validation_macro_f1": str(macro_f1),
        }
        made = tracking.create_model_version(
            name, source=f"{run.info.artifact_uri}/model", run_id=run.info.run_id, tags=tags
        )
        return int(made.version), run.info.run_id

    return add


def test_the_highest_validation_f1_wins_and_says_over_whom():
    winner, reason = best([version(1, 0.80), version(2, 0.83), version(3, 0.81)])

    assert winner.number == 2
    assert reason == "validation macro-F1 0.8300, best of 3; next version 3 (bert) with 0.8100"


def test_of_equals_the_older_one_stays():
    assert best([version(1, 0.8), version(2, 0.8)])[0].number == 1


def test_only_the_newest_version_s_test_rows_are_compared():
    winner, reason = best([version(1, 0.99, test="sample", data="sample"), version(2, 0.7)])

    assert winner.number == 2
    assert reason == "validation macro-F1 0.7000; 1 measured on other rows left out"


def test_versions_whose_other_data_differ_are_refused():
    mixed = [version(1, 0.9, data="before feedback"), version(2, 0.8, data="after feedback")]
    with pytest.raises(TrainerError, match=r"version 1 .* and version 2 .* do not compare"):
        best(mixed)


def test_versions_of_other_training_rows_compare_if_their_validation_rows_are_the_same():
    base = version(1, 0.8, data="before feedback", validation_fingerprint="v")
    retrained = version(2, 0.9, data="after feedback", validation_fingerprint="v")
    assert best([base, retrained])[0].number == 2
    other = version(3, 0.9, data="after feedback", validation_fingerprint="w")
    with pytest.raises(TrainerError, match="do not compare"):
        best([base, other])


def test_a_run_without_a_version_is_named():
    with pytest.raises(TrainerError, match=r"run nope .* newest is version 2 .* run run-2"):
        of_run([version(1, 0.8), version(2, 0.9)], "nope")


@pytest.fixture
def serve(tracking):
    """A function that promotes a version by its number, asking nothing."""

    def promoted(number, reason="because"):
        versions = {item.number: item for item in all_versions(tracking, NAME)}
        return promote(tracking, NAME, versions[number], reason)

    return promoted


def test_promotion_sets_the_alias_and_keeps_what_served_before(tracking, register, serve):
    register(0.8)
    register(0.9)
    serve(1)

    done = serve(2)

    assert (done.version.number, done.previous, done.changed) == (2, 1, True)
    found = champion(tracking, NAME)
    assert found.number == 2
    assert found.tags[PREVIOUS_TAG] == "1"
    assert found.tags[REASON_TAG] == "because"
    assert found.tags[TIME_TAG]
    assert " on " in found.tags["promoted_by"]
    assert PREVIOUS_TAG not in tracking.get_model_version(NAME, "1").tags


def test_promoting_the_champion_again_changes_nothing(tracking, register, serve):
    register(0.9)
    serve(1)
    before = champion(tracking, NAME)

    assert not serve(1, "another reason").changed
    assert champion(tracking, NAME) == before


def test_rolling_back_goes_one_further_each_time_and_both_keep_why(tracking, register, serve):
    for number in (1, 2, 3):
        register(0.8)
        serve(number)

    done = roll_back(tracking, NAME, "it calls thanks negative")

    assert (done.version.number, done.previous) == (2, 3)
    found = champion(tracking, NAME)
    assert found.number == 2
    assert found.tags[REASON_TAG] == (
        "rolled back from version 3 (naive-bayes): it calls thanks negative"
    )
    left = tracking.get_model_version(NAME, "3").tags
    assert left["rolled_back_because"] == "it calls thanks negative"
    assert left["rolled_back_at"]
    assert left["rolled_back_by"]
    assert roll_back(tracking, NAME).version.number == 1
    with pytest.raises(TrainerError, match=r"nothing of some-model served before version 1"):
        roll_back(tracking, NAME)
    assert champion(tracking, NAME).number == 1


def test_what_was_deleted_or_never_promoted_cannot_be_rolled_back_to(tracking, register, serve):
    with pytest.raises(TrainerError, match="has no champion"):
        roll_back(tracking, NAME)
    for number in (1, 2):
        register(0.8)
        serve(number)
    tracking.delete_model_version(NAME, "1")
    with pytest.raises(TrainerError, match=r"version 1 of some-model, .* was deleted"):
        roll_back(tracking, NAME)
    assert champion(tracking, NAME).number == 2


def test_a_model_without_versions_is_said(tracking):
    with pytest.raises(TrainerError, match="some-model has no version yet"):
        all_versions(tracking, NAME)
    assert champion(tracking, NAME) is None


def test_versions_of_other_models_do_not_count(tracking, register):
    register(0.9, name="another")
    register(0.5)
    assert [item.validation_macro_f1 for item in all_versions(tracking, NAME)] == [0.5]


def test_a_version_made_elsewhere_is_refused_by_what_it_lacks(tracking, register):
    register(0.9)
    tracking.delete_model_version_tag(NAME, "1", "test_fingerprint")

    with pytest.raises(TrainerError, match="version 1 of some-model lacks the tag 'test_fing"):
        all_versions(tracking, NAME)


@pytest.mark.parametrize("name", ["", "a'b", "a/b", "a:b"])
def test_names_that_break_a_search_are_refused(tracking, name):
    with pytest.raises(TrainerError, match="is no model name"):
        all_versions(tracking, name)
