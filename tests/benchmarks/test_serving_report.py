"""What is concluded from rounds."""

from pathlib import Path

import pytest
from benchmarks.serving.catalogue import BARE_LOOP, PEERS
from benchmarks.serving.measuring import Batches, Figures
from benchmarks.serving.plot import write_plot
from benchmarks.serving.report import last_line, ratios, table
from benchmarks.serving.rounds import OURS, Round
from benchmarks.serving.tuning import Tried, best
from benchmarks.serving.workdir import BenchmarkError

KEYS = {
    *("vs_mlflow_keras", "vs_mlflow_ours", "vs_fastapi_predict", "vs_fastapi_function"),
    *("vs_litserve", "vs_mlserver", "vs_infinity", "vs_bare_loop", "p50_vs_litserve"),
}
LITSERVE = next(peer for peer in PEERS if peer.name == "litserve")


def figures(per_second: float, alone: float = 0.01, failures: int = 0) -> Figures:
    return Figures(per_second, alone, [(0.02, 0.05), (0.03, 0.09)], 1_000, failures)


def round_of(ours: float, theirs: float, **more: float) -> Round:
    alone = more.pop("alone", 0.01)
    batches = Batches(more.pop("batch"), 10, 1) if more else None
    return Round(
        {OURS: figures(ours, alone), "litserve": figures(theirs, 0.02, failures=7)},
        batches,
        more.get("loop"),
    )


def test_a_full_run_has_every_key() -> None:
    everyone = [
        Round(
            {name: figures(10) for name in (OURS, *(p.name for p in PEERS))}, Batches(8, 3, 0), 10
        )
    ]
    assert set(ratios(everyone, PEERS, [])) == KEYS


def test_ratios_are_medians_of_what_was_measured_in_one_round() -> None:
    rounds = [
        round_of(200, 100, batch=90.0, loop=100.0),
        round_of(60, 20, batch=80.0, loop=100.0, alone=0.03),
        round_of(500, 400, batch=95.0, loop=100.0),
    ]
    line = last_line(ratios(rounds, [LITSERVE], []))
    assert line == {
        "vs_litserve": 2.0,  # of 2, 3 and 1.25; the medians' own ratio would be 2 as well,
        "p50_vs_litserve": 0.5,
        "vs_bare_loop": 0.9,
        "ranges": {
            "vs_litserve": [1.25, 3.0],
            "p50_vs_litserve": [0.5, 1.5],
            "vs_bare_loop": [0.8, 0.95],
        },
    }


def test_what_could_not_run_is_null_and_what_was_not_asked_for_is_absent() -> None:
    optional = [peer for peer in PEERS if peer.optional]
    assert {peer.name for peer in optional} == {"mlserver", "infinity"}
    line = last_line(ratios([round_of(2, 1)], [LITSERVE], optional))
    assert line["vs_mlserver"] is None
    assert line["vs_infinity"] is None
    assert not {"vs_bare_loop", "vs_mlflow_keras"} & set(line)


def test_the_table_has_every_service_with_failures_and_settings() -> None:
    rounds = [round_of(200, 100, batch=90.0, loop=100.0), round_of(220, 100, batch=1.0, loop=1.0)]
    found = ratios(rounds, [LITSERVE], [])
    text = table(rounds, [LITSERVE], {"litserve": {"BATCH": "8"}}, {OURS: 0, "litserve": 0}, found)
    (ours, theirs) = (line for line in text.splitlines() if line.startswith((f"| {OURS}", "| lit")))
    assert "210 (200 to 220)" in ours
    assert "2.10 (2.00 to 2.20) | 20.0 | 20.0, 50.0 | 30.0, 90.0 | 14 of 2000 |" in theirs
    assert "BATCH=8" in text
    assert "(failed 2 of 20), bare loop" in text


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    write_plot([round_of(200, 100), round_of(210, 90)], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["plot.png"]


def test_settings_that_answer_sooner_win_among_the_quickest() -> None:
    tried = [
        Tried({"at": "most"}, 100, alone=0.02),
        Tried({"at": "near"}, 96, alone=0.01),
        Tried({"at": "far"}, 90, alone=0.001),
        Tried({"at": "broken"}, error="no"),
    ]
    assert best(tried).choice == {"at": "near"}
    with pytest.raises(BenchmarkError, match="no"):
        best(tried[-1:])


def test_names_and_keys_differ() -> None:
    assert len({peer.name for peer in PEERS} | {BARE_LOOP, OURS}) == len(PEERS) + 2
    assert len({peer.key for peer in PEERS}) == len(PEERS)
