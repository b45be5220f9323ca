"""Writes a bitstream to a board by the tool that the board's maker names."""

import re
import shutil
from pathlib import Path

from ..tools import run_tool
from .errors import BoardError

__all__ = ["write"]

_INSTALL = {"openFPGALoader": "apt install openfpgaloader", "dfu-util": "apt install dfu-util",
            "iceprog": "apt install fpga-icestorm"}


def write(board, bitstream):
    """Write ``bitstream`` to a :class:`~.boards.BoardType`; its part is checked before.

    Raises
    ------
    BoardError
        when file or tool are missing, or another part answers.
    ToolError
        when the tool fails.
    """
    if not Path(bitstream).is_file():
        raise BoardError(f"{bitstream} is no file. What would pass: the bitstream that flexdrive "
                         "board build names")
    command = [word.format(bitstream) for word in board.programmer]
    if shutil.which(command[0]) is None:
        raise BoardError(f"{command[0]} is not installed. What would pass: "
                         f"{_INSTALL[command[0]]}")
    if command[0] == "openFPGALoader":
        _check_part(board, command[:-1])
    run_tool(command, f"writing {bitstream} to {board.name}", ".")


def _check_part(board, command):
    """The IDCODE that answers by JTAG is that of the board's part."""
    found = run_tool([*command, "--detect"], f"looking for {board.name}", ".")
    codes = [int(code, 16) for code in re.findall(r"idcode\s+(0x[0-9a-f]+)",
                                                  found.stdout + found.stderr)]
    if board.idcode not in codes:
        heard = ", ".join(f"{code:#x}" for code in codes) or "nothing"
        raise BoardError(f"{board.title} has IDCODE {board.idcode:#x}; {heard} answers. What "
                         "would pass: that board, alone on the cable")
