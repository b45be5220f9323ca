"""Proofs of components by SymbiYosys, and the command that runs them."""
