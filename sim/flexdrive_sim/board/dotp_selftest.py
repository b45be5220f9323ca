"""Random operations of the dot-product unit with what must come of them."""

from flexdrive.flexv.formats import FORMATS

from ..flexv.iss.dot import dot

__all__ = ["random_operation"]


def random_operation(random):
    """(operands, operation, (value, illegal)): of :class:`flexdrive_deploy.board.dotp_driver.
    DotpBoard`; now and then of a format that there is none.

    Parameters
    ----------
    random : generator.
    """
    a, w, accumulator = (int(word) for word in random.integers(0, 1 << 32, 3))
    code, slice_index, a_signed, w_signed = (int(random.integers(end)) for end in (32, 8, 2, 2))
    operation = {"code": code, "slice_index": slice_index, "a_signed": a_signed,
                 "w_signed": w_signed}
    if code not in FORMATS:
        return (a, w, accumulator), operation, (accumulator, 1)
    form = FORMATS[code]
    value = dot(a, w, accumulator, a_bits=form.a_bits, w_bits=form.w_bits, slice_index=slice_index,
                a_signed=bool(a_signed), w_signed=bool(w_signed))
    return (a, w, accumulator), operation, (int(value), 0)
