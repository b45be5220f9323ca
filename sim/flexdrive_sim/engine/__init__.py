"""Two simulation engines behind one interface.

* Amaranth's built-in simulator, for unit testbenches.
* The compiled engine: RTLIL with shared modules, translated by yosys (CXXRTL) to C++, compiled by
  the clang inside ``ziglang``, loaded by ctypes, fed from numpy.

:func:`simulate` runs one testbench function on either; :func:`run_streams` moves whole numpy
buffers through a component on either, with programmable stalls. :class:`Model` is the compiled
engine itself.
"""

from .build import EngineError, compile_model
from .library import Model
from .streams import Gate, Sink, Source, StreamRun, run_streams
from .testbench import simulate

__all__ = ["EngineError", "Gate", "Model", "Sink", "Source", "StreamRun", "compile_model",
           "run_streams", "simulate"]
