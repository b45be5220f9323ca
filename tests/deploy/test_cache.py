"""What is built is kept, once and whole."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.cache import cache_directory, filled, kept


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_of_several_that_want_the_same_one_makes_it():
    wanted, made = threading.Barrier(3), []

    def make(place):
        made.append(place)
        (place / "content").write_text("whole")

    def want(_):
        wanted.wait()
        return (kept("kind", "key", make) / "content").read_text()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(want, range(3))) == ["whole"] * 3
    assert len(made) == 1
    kept("kind", "other", make)
    assert len(made) == 2


def test_a_cache_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(FlexdriveError, match=r"cannot be kept in .*/file/flexdrive/kind: Not a "
                       r"directory\. What would pass: XDG_CACHE_HOME=DIR"):
        kept("kind", "key", lambda place: None)
    with pytest.raises(FlexdriveError, match=r"cannot be kept in .*: Not a directory"):
        filled("kind", "key")


def test_what_fails_leaves_nothing():
    def fails(place):
        (place / "content").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept("kind", "key", fails)
    assert [path.name for path in (cache_directory() / "kind").iterdir()] in ([], ["key.lock"])
    assert kept("kind", "key", lambda place: None).is_dir()
