"""The option ``--export``, the same wherever a command writes words for other tools."""

import click

__all__ = ["export_option"]


def export_option(what):
    """Add it; the command gets a tuple ``formats``. ``what`` is written."""
    from flexdrive_deploy.exports import FORMATS

    return click.option("--export", "formats", multiple=True, type=click.Choice(list(FORMATS)),
                        help=f"Also write {what} in this format; may be repeated. mem: Verilog's "
                        "$readmemh, hex: Intel HEX, bin: bytes, h: a C header.")
