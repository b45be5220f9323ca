"""The report as one HTML page that needs nothing else: pictures inside, no scripts."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from flexdrive import __version__
from flexdrive_deploy.hyperdrive.plan_picture import plan_picture

from . import against
from .drawing import COLOURS, energy_picture, inline_svg, phase_picture
from .phases import PHASES
from .published import COMPARISON
from .units import quantity

__all__ = ["page"]


def page(report, chip):
    """HTML text of a :class:`~.figures.Report`; ``chip`` describes the chip in a line."""
    environment = Environment(loader=PackageLoader("flexdrive_sim.report", "."), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"n": "{:,.0f}".format, "bit": lambda bits: quantity(bits, "bit"),
                            "joule": lambda energy: quantity(energy, "J"),
                            "op": lambda count: quantity(count, "Op"),
                            "rate": lambda rate: quantity(rate, "Op/s"),
                            "x": lambda shape: " x ".join(map(str, shape))}
    plan = inline_svg(plan_picture(report.deployment, "svg").decode())
    return environment.get_template("page.html.jinja").render(
        report=report, chip=chip, version=__version__, phases=PHASES, colours=COLOURS, plan=plan,
        cycles_picture=phase_picture(report), energy_picture=energy_picture(report),
        lines=against.lines(report), remarks=against.remarks(report), comparison=COMPARISON)
