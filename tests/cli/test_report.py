"""flexdrive report as a person types it; what it says is tested in tests/report."""

import pytest


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_report(flexdrive, tmp_path):
    status, out, _ = flexdrive("report", "net.onnx", "-o", "made/report")
    assert status == 0
    assert "first" in out
    assert "read made/report/report.html" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "</html>" in (tmp_path / "made/report/report.html").read_text()
    assert [path.name for path in (tmp_path / "made/report").iterdir()] == ["report.html"]
    _, other, _ = flexdrive("report", "net.onnx", "-o", "other", "--clock", 116, "--io-energy", 7)
    assert "116 MHz: given on the command line" in other
    assert "7 pJ/bit: given on the command line" in other


@pytest.mark.usefixtures("network")
def test_report_refuses_in_one_line(flexdrive, tmp_path):
    (tmp_path / "taken").write_text("")
    status, out, errors = flexdrive("report", "net.onnx", "-o", "taken")
    assert (status, out) == (1, "")
    assert errors == "error: taken/report.html cannot be written (File exists)\n"
    status, _, errors = flexdrive("report", "none.onnx", "-o", "made")
    assert (status, errors) == (1, "error: none.onnx: no such file\n")
    status, _, errors = flexdrive("report", "net.onnx", "-o", "made", "--clock", 0)
    assert status == 2
    assert "0.0 is not in the range x>0" in errors
    assert not (tmp_path / "made").exists()
