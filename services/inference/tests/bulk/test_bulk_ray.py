"""The same scoring on Ray: same files, whoever dies on the way."""

import threading

import pytest

psutil = pytest.importorskip("psutil", reason="needs requirements/dev")
pytest.importorskip("ray", reason="needs the extra radar-inference[bulk]")


def workers():
    """The processes that score, of clusters started from here."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if "_Worker" in " ".join(process.cmdline()[:1])
    ]


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_changes_nothing(
    score, write_csv, make_bundle, content, until, tmp_path
):
    model = str(make_bundle(tmp_path / "slow", layers=20))
    path = write_csv(1_200)
    with path.open("a") as file:
        file.write("one cell\n")
    out = tmp_path / "ray"
    outcomes = []
    run = threading.Thread(
        target=lambda: outcomes.append(score(path, output=out, model=model, engine="ray"))
    )
    run.start()
    until(lambda: list(out.glob("scores/*.parquet")), "one block is there", 120)
    victims = workers()
    assert victims
    victims[0].kill()
    assert len(list(out.glob("scores/*.parquet"))) < 12, "it was too late to kill"
    run.join(120)
    assert [(item.rows, item.refused) for item in outcomes] == [(1_200, 1)]
    score(path, output=tmp_path / "local", model=model)
    assert content(out) == content(tmp_path / "local")
