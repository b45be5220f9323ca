"""Random programs in lockstep, exhaustive checks, what is proven of the core and its parts."""
