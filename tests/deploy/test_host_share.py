"""What the host does of a network, in figures that are counted here a second time."""

import pytest

from flexdrive_deploy.compiler import compile_graph
from flexdrive_deploy.frontend.graph import load_graph
from flexdrive_deploy.host_share import HostShare
from flexdrive_deploy.hyperdrive.partition import analyse

from .onnx_models import integer_builder
from .test_import import CONFIG


def share_of(build):
    b, _ = integer_builder((3, 8, 8))
    support = analyse(load_graph(b.model(build(b))), CONFIG)
    return HostShare.of(support, compile_graph(support, CONFIG, name="net"))


def real(b, x, c_in, c_out):
    return b.conv(x, c_in, c_out, weights=b.rng.standard_normal((c_out, c_in, 3, 3)))


def test_a_network_without_host_parts():
    share = share_of(lambda b: b.node("Relu", b.conv("x", 3, 4)))
    assert (share.host_products, share.chip_products) == (0, 4 * 64 * 9 * 3)
    assert (share.words, share.own, share.rest) == (7 * 64, 7 * 64, 0)
    assert (share.parts, share.programs, share.seconds) == (0, 1, 0)


@pytest.mark.parametrize("head", ["Flatten", "GlobalMaxPool"])
def test_first_and_last_layer_of_the_host(head):
    """A real convolution before, a real matrix product behind: no word of the chip is the
    network's own."""
    def build(b):
        x = b.node("Flatten", b.node(head, b.conv(real(b, "x", 3, 6), 6, 2, stride=2)))
        inputs = 32 if head == "Flatten" else 2
        return b.node("Gemm", x, b.constant(b.rng.standard_normal((inputs, 5))))

    share = share_of(build)
    product = 5 * (32 if head == "Flatten" else 2)
    assert share.host_products == 6 * 64 * 27 + product
    assert share.chip_products == 2 * 16 * 9 * 6
    assert (share.words, share.own) == (6 * 64 + 2 * 16, 0)
    assert (share.parts, share.programs) == (2, 1)
    assert share.seconds > 0


def test_what_a_refusal_in_the_middle_costs():
    """The chip's map goes to the host and back: twice 4 x 64 words."""
    share = share_of(lambda b: b.conv(b.node("Sigmoid", b.conv("x", 3, 4)), 4, 4))
    assert share.rest == 2 * 4 * 64
    table = share.table(frame=share.seconds)
    cells = [list(column.cells) for column in table.columns]
    assert cells[1][1:] == ["512", cells[1][2], "1"]
    assert cells[3][1].split() == [f"{512 / share.words:.1%}", "█" * 5]
    assert cells[3][2].split()[0] == "50.0%"
