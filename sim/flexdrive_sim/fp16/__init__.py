"""binary16: golden model on numpy arrays; the operators against independent oracles."""
