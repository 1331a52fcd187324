from pathlib import Path

import pytest

from tests.benchmarks.preparing import NotPreparedError, Workshop, digest

BUILD = (("sh", "-c", "cp source built"),)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A peer with one file."""
    folder = tmp_path / "peers" / "one"
    folder.mkdir(parents=True)
    (folder / "source").write_text("1")
    return folder


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A workshop that builds."""
    return Workshop(tmp_path / "cache", build=True)


def test_a_peer_is_built_outside_the_tree(workshop: Workshop, sources: Path) -> None:
    """Nothing appears beside the sources."""
    folder = workshop.prepare(sources, ["sh"], BUILD)
    assert (folder / "built").read_text() == "1"
    assert [path.name for path in sources.iterdir()] == ["source"]


def test_a_peer_is_built_once_for_each_state_of_its_files(
    workshop: Workshop, sources: Path
) -> None:
    """What is built is taken again until a file changes."""
    first = workshop.prepare(sources, [], BUILD)
    (first / "built").write_text("kept")
    assert workshop.prepare(sources, [], BUILD) == first
    assert (first / "built").read_text() == "kept"
    (sources / "source").write_text("2")
    assert (workshop.prepare(sources, [], BUILD) / "built").read_text() == "2"


def test_a_missing_program_is_named(workshop: Workshop, sources: Path) -> None:
    """So that the report can say why a peer was not run."""
    with pytest.raises(NotPreparedError, match=r"^no-such-program is not installed$"):
        workshop.prepare(sources, ["sh", "no-such-program"], BUILD)


def test_a_failed_build_is_not_taken_for_a_finished_one(workshop: Workshop, sources: Path) -> None:
    """It says where its output is, and the next run tries again."""
    with pytest.raises(NotPreparedError, match=r"could not be built.*build\.log"):
        workshop.prepare(sources, [], [("sh", "-c", "echo no; exit 3")])
    assert (workshop.prepare(sources, [], BUILD) / "built").exists()


def test_a_quick_run_builds_nothing(tmp_path: Path, sources: Path) -> None:
    """It takes what is there."""
    quick = Workshop(tmp_path / "cache", build=False)
    with pytest.raises(NotPreparedError, match="not built yet"):
        quick.prepare(sources, [], BUILD)
    built = Workshop(tmp_path / "cache", build=True).prepare(sources, [], BUILD)
    assert quick.prepare(sources, [], BUILD) == built


def test_what_needs_no_building_stays_where_it_is(tmp_path: Path, sources: Path) -> None:
    """A peer of the project's own environment is run from the tree."""
    assert Workshop(tmp_path / "cache", build=False).prepare(sources, [], []) == sources


def test_a_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    """Moving a byte from a file's name to its content is a change; compiled files are none."""
    (tmp_path / "ab").write_text("c")
    first = digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("x")
    assert digest(tmp_path) == first
    (tmp_path / "ab").rename(tmp_path / "a")
    (tmp_path / "a").write_text("bc")
    assert digest(tmp_path) != first
