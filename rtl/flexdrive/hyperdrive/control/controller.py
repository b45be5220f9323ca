"""Sequencer: executes descriptors one after the other and makes the array's control word."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..border.exchange import Exchange
from ..border.memory import CORNERS, SIDES, border_write_layout
from ..border.word import link_ports
from ..descriptor.decoder import Parser
from ..descriptor.fields import Code, Operation
from ..descriptor.layer import layer_layout
from ..descriptor.report import Report
from ..memory.arbiter import Arbiter
from ..memory.feature_map_dma import Transfer
from ..memory.scale_bias_buffer import ParameterBuffer
from ..memory.weight_buffer import WeightBuffer
from ..tile.accumulate_unit import AccumulateUnit
from ..tile.tail import Tail
from ..tile.tile import tile_control_layout
from ..timing import DATA, OPERAND, REQUEST, STORED, WORD, accumulated, delayed
from .beside import Executor
from .fault_register import FaultRegister, link_errors_layout
from .operand_fetch import BORDER_REQUEST, OperandRequest
from .step_issue import Steps
from .tail_control import TailControl

__all__ = ["Sequencer"]


class Sequencer(Shared):
    """Everything of a chip but its tiles.

    Latency: of operations as of :class:`~flexdrive.hyperdrive.chip.Chip`; what ``control`` says of
    a step follows its decision by the cycles of :mod:`~flexdrive.hyperdrive.timing`. Combinational
    from ``i_{side}`` to its ready and to the received words, as of
    :class:`~flexdrive.hyperdrive.border.exchange.Exchange`.

    Members
    -------
    i_descriptors, i_weights, i_pixels, o_pixels, o_reports, busy : see
        :class:`~flexdrive.hyperdrive.chip.Chip`.
    control : to all tiles.
    row_valid, column_valid : the operand's source lies inside the map, per row and column of
        tiles; a tile's operand is valid where both are.
    load_row, load_column : the tile that a host's beat is for, one-hot each.
    store_row, store_column : the tile whose ``word`` or ``stored`` the host wants, one-hot each.
    store_word : that word, STORED - WORD registers later; beats of several words in the order of
        banks, two registers after DATA.
    link_errors : (``config.mesh``) of the links, by side. stopped : see
        :class:`~flexdrive.hyperdrive.chip.Chip`.
    """

    DISPATCH = 1
    """Cycles from the taking of a descriptor to the start of its operation, or to its refusal."""
    REPORT = 1
    """Cycles from the completion of an operation, or its refusal, to its last cycle, in which the
    report is written if the one before has left; it is on offer one cycle later."""

    def __init__(self, config):
        self.config = config
        super().__init__({
            "i_descriptors": In(stream.Signature(32)),
            "i_weights": In(stream.Signature(config.weight_bits)),
            "i_pixels": In(stream.Signature(config.beat_bits)),
            "o_pixels": Out(stream.Signature(config.beat_bits)),
            "o_reports": Out(stream.Signature(Report)), "busy": Out(1),
            "control": Out(tile_control_layout(config)),
            "row_valid": Out(config.rows), "column_valid": Out(config.columns),
            "load_row": Out(config.rows), "load_column": Out(config.columns),
            "store_row": Out(config.rows), "store_column": Out(config.columns),
            "store_word": In(config.beat_bits), **self._mesh_ports(config),
        }, m=config.rows, n=config.columns, c=config.channels, d=config.fm_words,
            b=config.fm_banks, w=config.weight_words, l=config.adder_depth,
            **config.option_parameters)

    def _mesh_ports(self, config):
        """Ports of a chip with links."""
        if not config.mesh:
            return {}
        lanes = {side: config.columns if side in ("north", "south") else config.rows
                 for side in SIDES}
        return {
            "neighbours": In(4), "link_errors": In(link_errors_layout()), "stopped": Out(1),
            **link_ports(),
            **{f"border_{name}": Out(shape) for name, shape in BORDER_REQUEST.items()},
            **{f"lines_{side}": In(16 * lanes[side]) for side in SIDES},
            **{f"{side}_write": Out(border_write_layout(config.border_words, lanes[side]))
               for side in SIDES},
            **{f"{corner}_write": Out(border_write_layout(config.corner_words, 1))
               for corner in CORNERS},
        }

    def elaborate(self, platform):
        m = Module()
        config = self.config
        stages = Tail.latency_of(config.adder_depth, config.leaky)
        m.submodules.parser = parser = Parser(config)
        m.submodules.weights = weights = WeightBuffer(
            config.weight_bits, config.weight_words, config.adder_depth)
        m.submodules.parameters = parameters = ParameterBuffer(config.parameter_words)
        m.submodules.steps = steps = Steps(config)
        m.submodules.tail_control = tail = TailControl(config, stages)
        m.submodules.arbiter = arbiter = Arbiter(config)
        m.submodules.transfer = transfer = Transfer(config)
        wiring.connect(m, wiring.flipped(self.i_descriptors), parser.i)
        wiring.connect(m, wiring.flipped(self.i_weights), weights.i)
        wiring.connect(m, wiring.flipped(self.i_pixels), transfer.i)
        wiring.connect(m, transfer.o, wiring.flipped(self.o_pixels))
        wiring.connect(m, parser.parameters, parameters.i)

        layer = Signal(layer_layout(config))
        moved = Signal(layer_layout(config)) if config.overlap else layer
        exchange = Exchange(config) if config.mesh else None
        if exchange is not None:
            m.submodules.exchange = exchange
            m.d.comb += [exchange.layer.eq(layer), parser.neighbours.eq(self.neighbours)]
        m.d.comb += [*(user.layer.eq(layer) for user in (steps, tail)), transfer.layer.eq(moved)]
        fault = self._fault(m)
        if config.overlap:
            Executor(m, self, layer, moved, parser, exchange, fault).run(m, steps, tail, transfer)
        else:
            self._execute(m, layer, parser, steps, tail, transfer, exchange, fault)
        m.submodules.operand = operand = OperandRequest(config)
        self._operand(m, layer, steps, operand)
        self._memory(m, moved, operand, arbiter, tail, transfer, exchange)
        self._accumulation(m, layer, steps, weights, tail)
        self._tail(m, layer, tail, parameters, arbiter)
        return m

    def _fault(self, m):
        """The register of link faults, None without links."""
        if not self.config.mesh:
            return None
        m.submodules.fault = fault = FaultRegister()
        m.d.comb += fault.link_errors.eq(self.link_errors)
        return fault

    def _execute(self, m, layer, parser, steps, tail, transfer, exchange, fault):
        """One descriptor after the other; a report for each."""
        report = Signal(Report)
        full = Signal()
        index = Signal(16)
        taken = Signal()
        for name, value in (("active", steps.active),
                            ("weight_stalls", steps.weight_stall),
                            ("tail_stalls", steps.tail_stall)):
            counter = getattr(report, name)
            m.d.sync += counter.eq(Mux(taken, 0, counter + value))
        m.d.sync += report.cycles.eq(Mux(taken, 1, report.cycles + 1))
        m.d.comb += self.busy.eq(1)
        with m.If(self.o_reports.ready):
            m.d.sync += full.eq(0)
        m.d.comb += self.o_reports.valid.eq(full)
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.comb += self.busy.eq(parser.reading | full)
                # After a fault nothing begins.
                with m.If(parser.valid & (exchange.complete & ~fault.fault
                                          if exchange is not None else 1)):
                    m.d.comb += [parser.take.eq(1), taken.eq(1)]
                    m.d.sync += layer.eq(parser.layer)
                    m.next = "DISPATCH"
            with m.State("DISPATCH"):
                conv, load = layer.operation == Operation.CONV, layer.operation == Operation.LOAD
                if exchange is not None:
                    m.d.comb += exchange.start.eq(layer.code == Code.OK)
                with m.If(layer.code != Code.OK):
                    m.next = "REPORT"
                with m.Elif(conv):
                    m.d.comb += steps.start.eq(1)
                    m.next = "CONV"
                with m.Else():
                    m.d.comb += [transfer.load.eq(load), transfer.store.eq(~load)]
                    m.next = "TRANSFER"
            with m.State("CONV"):
                with m.If(steps.done & tail.idle):
                    m.next = "REPORT"
            with m.State("TRANSFER"):
                with m.If(transfer.done):
                    m.next = "REPORT"
            with m.State("REPORT"):
                m.d.sync += report.cycles.eq(report.cycles)
                with m.If((~full | self.o_reports.ready)
                          & (~fault.fault if fault is not None else 1)):
                    out = self.o_reports.payload
                    m.d.sync += [
                        full.eq(1), index.eq(index + 1), out.eq(report), out.index.eq(index),
                        out.cycles.eq(report.cycles + 1), out.code.eq(layer.code),
                        out.operation.eq(layer.operation),
                    ]
                    m.next = "IDLE"
        if fault is not None:
            self._stop(m, layer, report, full, index, fault, fsm.ongoing("IDLE"))

    def _stop(self, m, layer, report, full, index, fault, idle):
        """A last report instead of that of the operation under way."""
        told = Signal()
        out = self.o_reports.payload
        with m.If(fault.fault & ~told & (~full | self.o_reports.ready)):
            m.d.sync += [
                told.eq(1), full.eq(1), out.eq(report), out.index.eq(index),
                out.code.eq(fault.code), out.link_error.eq(fault.error),
                out.operation.eq(Mux(idle, 0, layer.operation)),
            ]
        m.d.comb += self.stopped.eq(told & ~full)
        with m.If(fault.fault):
            m.d.comb += [self.o_pixels.valid.eq(0), self.busy.eq(~self.stopped)]

    def _operand(self, m, layer, steps, operand):
        """Which word the tiles take, from the walker's position."""
        m.d.comb += [
            operand.layer.eq(layer), operand.place.eq(steps.place),
            operand.valid.eq(steps.step.valid), operand.channel.eq(steps.step.channel),
            *([operand.words.eq(steps.step.words)] if self.config.channelwise_lanes > 1 else []),
            self.row_valid.eq(operand.row_valid), self.column_valid.eq(operand.column_valid),
            self.control.shift_rows.eq(operand.shift_rows),
            self.control.shift_columns.eq(operand.shift_columns),
        ]
        if self.config.mesh:
            m.d.comb += [getattr(self, f"border_{name}").eq(getattr(operand, f"border_{name}"))
                         for name in BORDER_REQUEST]

    def _memory(self, m, moved, operand, arbiter, tail, transfer, exchange):
        """Requests to the arbiter, and the host's words beside them."""
        config, control = self.config, self.control
        room = exchange.room if exchange is not None else 1
        m.d.comb += [
            arbiter.read.eq(operand.read), arbiter.read_address.eq(operand.address),
            *([arbiter.read_words.eq(operand.read_words)]
              if config.channelwise_lanes > 1 else []),
            arbiter.write.eq(tail.write_wanted & room),
            arbiter.write_address.eq(tail.write_address),
            transfer.room.eq(room | (moved.halo == 0) if config.overlap else room),
            arbiter.host_read.eq(transfer.read), arbiter.host_write.eq(transfer.write),
            arbiter.host_address.eq(transfer.address),
            tail.write_granted.eq(arbiter.write_granted),
            # A write that has no room holds the bypass up, as one that is not granted.
            arbiter.bypass.eq(tail.bypass_wanted & (room | ~tail.write_wanted)),
            arbiter.bypass_address.eq(tail.bypass_address),
            tail.bypass_granted.eq(arbiter.bypass_granted),
            control.banks.eq(arbiter.banks), control.conv_bank.eq(arbiter.read_bank),
            control.bypass_bank.eq(arbiter.bypass_bank),
            control.bypass_valid.eq(arbiter.bypass_valid),
        ]
        # On its own way a beat leaves the tiles as it comes out of the banks.
        taken, arrived = WORD, transfer.read
        if config.own_ways:
            taken = DATA
            m.d.comb += [arbiter.host_count.eq(transfer.count),
                         control.store_banks.eq(arbiter.host_banks)]
        if config.overlap:
            arrived = transfer.read & arbiter.host_complete
            m.d.comb += [arbiter.host_pending.eq(transfer.pending),
                         transfer.granted.eq(arbiter.host_granted),
                         transfer.complete.eq(arbiter.host_complete),
                         control.load.eq(arbiter.host_loads)]
        else:
            m.d.sync += control.load.eq(transfer.write)
        row = Signal(config.rows)
        column = Signal(config.columns)
        m.d.comb += [row.eq(1 << transfer.row), column.eq(1 << transfer.column)]
        m.d.sync += [control.load_word.eq(transfer.word), self.load_row.eq(row),
                     self.load_column.eq(column)]
        m.d.comb += [
            self.store_row.eq(delayed(m, "store_row", row, taken - REQUEST)),
            self.store_column.eq(delayed(m, "store_column", column, taken - REQUEST)),
            transfer.arrived.eq(delayed(m, "arrived", arrived, STORED - REQUEST)),
            transfer.arriving.eq(self.store_word),
        ]
        if exchange is not None:
            self._exchange(m, moved, exchange, arbiter, tail, transfer)

    def _exchange(self, m, moved, exchange, arbiter, tail, transfer):
        """What is written goes to the neighbours; what comes from them to the memories."""
        words = self.config.stream_words > 1
        # A transfer beside a convolution sends nothing to neighbours.
        sends = moved.halo != 0 if self.config.overlap else 1
        m.d.comb += [
            exchange.wanted.eq(tail.write_wanted),
            exchange.write.eq(tail.write_wanted & arbiter.write_granted),
            exchange.rim.eq(tail.rim), exchange.loading.eq(transfer.loading & sends),
            exchange.load.eq((transfer.send if words else transfer.write) & sends),
            exchange.row.eq(transfer.row),
            exchange.column.eq(transfer.column), exchange.load_rim.eq(transfer.rim),
            exchange.word.eq(transfer.sending if words else transfer.word),
            *([transfer.sends.eq(exchange.sends & sends)] if words else []),
            *(getattr(exchange, f"lines_{side}").eq(getattr(self, f"lines_{side}"))
              for side in SIDES),
            *(getattr(self, f"{name}_write").eq(getattr(exchange, f"{name}_write"))
              for name in (*SIDES, *CORNERS)),
        ]
        for side in SIDES:
            wiring.connect(m, getattr(exchange, f"o_{side}"),
                           wiring.flipped(getattr(self, f"o_{side}")))
            wiring.connect(m, wiring.flipped(getattr(self, f"i_{side}")),
                           getattr(exchange, f"i_{side}"))

    def _accumulation(self, m, layer, steps, weights, tail):
        """Weights and control of the sums, at the stage of the operand."""
        control, step, depth = self.control, steps.step, self.config.adder_depth
        last = Signal(depth)
        units = OPERAND - AccumulateUnit.AHEAD
        weighted = units - WeightBuffer.LATENCY
        m.d.comb += [
            steps.ahead.eq(weights.ahead), steps.word.eq(weights.word), weights.take.eq(steps.take),
            weights.keep.eq(steps.keep), weights.rewind.eq(steps.rewind),
            steps.tail_free.eq(tail.free), tail.commit.eq(steps.commit),
            *([steps.tail_settled.eq(tail.settled)] if self.config.channelwise_lanes > 1 else []),
            tail.group.eq(steps.group),
            last.eq(Mux(step.valid & step.last, 1 << step.slot, 0)),
            control.weights.eq(delayed(m, "weights", steps.weights, weighted)),
            *([control.holds.eq(delayed(m, "holds", steps.holds, weighted))]
              if self.config.holds else []),
            *([control.maximum.eq(layer.maximum)] if self.config.channelwise else []),
            *([control.apart.eq(layer.channelwise)]
              if self.config.channelwise_lanes > 1 else []),
            control.first.eq(delayed(m, "first", step.valid & step.first, units)),
            control.capture.eq(delayed(m, "capture", last, accumulated(depth))),
            tail.captured.eq(delayed(m, "captured", step.valid & step.end,
                                  accumulated(depth) - TailControl.CAPTURE)),
        ]

    def _tail(self, m, layer, tail, parameters, arbiter):
        """Control of the tails, one cycle after the decisions of their controller."""
        control = self.control
        m.d.comb += [
            tail.stored.eq(parameters.stored), parameters.index.eq(tail.index),
            parameters.read.eq(tail.read), parameters.release.eq(tail.release),
            parameters.released.eq(tail.released),
            *(getattr(control, name).eq(layer[name])
              for name in ("bypass", "late", "sign", "low", "high")),
            *([control.slope.eq(layer.slope)] if self.config.leaky else []),
        ]
        m.d.sync += [control.shift.eq(tail.shift), control.advance.eq(tail.advance),
                     control.scale.eq(parameters.word.scale),
                     control.bias.eq(parameters.word.bias)]
