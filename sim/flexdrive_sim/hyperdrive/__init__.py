"""Golden models and cycle models of the Hyperdrive chip, and its register-transfer simulation."""
