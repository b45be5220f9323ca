"""The steps and the memory plan of a network as text."""

__all__ = ["listing"]


def _step_line(index, step, plan):
    sizes = " + ".join("x".join(map(str, source.shape)) for source in step.sources)
    words, chunks = plan.chunks.get(step, ((), ()))
    constants = f"{4 * len(words):,} B in {len(chunks)}" if chunks else ""
    return (f"{index:4}  {step.name:32}  {type(step.node).__name__:12}  {sizes} -> "
            f"{'x'.join(map(str, step.output.shape))}  {step.node.macs:,} MAC  {constants}")


def listing(steps, plan):
    """Text: one line a step, one line a buffer of L1."""
    lines = [f"{len(steps.steps)} steps; L1: {plan.peak:,} of {plan.l1_bytes:,} bytes", "",
             "step  node  kernel  shapes  products  constants in chunks"]
    lines += [_step_line(index, step, plan) for index, step in enumerate(steps.steps)]
    lines += ["", "L1 from  to  steps  buffer"]
    for buffer in sorted(plan.buffers, key=lambda each: (each.first, each.begin)):
        lines.append(f"{buffer.begin:#8x} {buffer.begin + buffer.size:#8x}  "
                     f"{buffer.first:3} to {buffer.last:3}  {buffer.what} {buffer.name}")
    return "\n".join(lines) + "\n"
