"""The memory plan as a picture: bytes of L1 over the steps of a network."""

import io

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

__all__ = ["plan_picture"]

_COLOURS = {"map": "#bcd2ea", "weights": "#f3cfa5"}
_INCHES, _DPI = (16, 8), 110
# Share of L1 below which a buffer is too thin for its name.
_THIN = 1 / 40


def plan_picture(compiled):
    """PNG, as bytes, of a CompiledNetwork: buffers as rectangles, a column a step."""
    steps, plan = compiled.steps.steps, compiled.plan
    # Names are text, not formulas.
    with rc_context({"text.parse_math": False, "font.size": 8}):
        figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for buffer in plan.buffers:
            width = buffer.last + 1 - buffer.first
            axes.add_patch(Rectangle((buffer.first, buffer.begin), width, buffer.size,
                                     facecolor=_COLOURS[buffer.what], edgecolor="#555555",
                                     linewidth=0.5))
            if buffer.size > plan.peak * _THIN:
                name = buffer.name if len(buffer.name) < 14 * width else \
                    f"...{buffer.name[-14 * width + 3:]}"
                axes.text(buffer.first + width / 2, buffer.begin + buffer.size / 2, name,
                          ha="center", va="center", clip_on=True)
        axes.set_xlim(0, len(steps))
        axes.set_ylim(0, max(plan.peak, 1) * 1.02)
        axes.set_xticks([index + 0.5 for index in range(len(steps))],
                        [step.name[-24:] for step in steps], rotation=60, ha="right")
        axes.set_ylabel("bytes of L1")
        axes.set_title(f"{compiled.network.name}: {plan.peak:,} of {plan.l1_bytes:,} bytes; maps "
                       "blue, weights orange")
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()
