"""Proof by yosys that two emissions of one component are the same circuit."""

from flexdrive_deploy.tools import ToolError, run_yosys

__all__ = ["prove_equal"]

# Every register of both forms becomes an input (its state) and an output (its next state), paired
# by name with that of the other form; `select` fails if one has no partner. What is left is
# combinational: all outputs, next states and named signals must be equal for every input and
# state. With equal initial values, which the miter demands, that is an induction over time.
_PREPARE = """\
read_rtlil {name}.il
hierarchy -top {name}
proc
flatten
memory
dffunmap
opt_clean
design -stash {name}
"""
_PROVE = """\
design -copy-from left -as left left
design -copy-from right -as right right
expose -shared -evert-dff left right
opt_clean
select -assert-none t:$*ff* t:$_*FF* t:$mem* %u %u
miter -equiv -make_assert -flatten left right miter
hierarchy -top miter
opt_merge
sat -verify -prove-asserts
"""
_DIFFERENT = ("model found: FAIL", "proof did fail", "Conflicting init values")


def prove_equal(left, right, place):
    """Whether two designs with top modules ``left`` and ``right`` are the same circuit with the
    same initial values. ``place`` is a directory for the files."""
    for design in (left, right):
        (place / f"{design.top}.il").write_text(design.text)
    script = "".join(_PREPARE.format(name=name) for name in ("left", "right")) + _PROVE
    try:
        run_yosys(script, cwd=place)
    except ToolError as error:
        # Any other failure is not a verdict.
        if any(words in str(error) for words in _DIFFERENT):
            return False
        raise
    return True
