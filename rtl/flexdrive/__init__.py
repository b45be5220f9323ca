"""flexdrive: generators of neural-network hardware in Amaranth HDL.

This package holds synthesizable hardware and nothing else: no numpy, no host code. See
``flexdrive_deploy`` for the compiler and ``flexdrive_sim`` for golden models and engines.
"""

__version__ = "0.1.0"
