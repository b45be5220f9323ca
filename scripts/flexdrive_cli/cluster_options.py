"""The options of a Flex-V cluster."""

import functools

import click

__all__ = ["ClusterOptions", "cluster_options"]

_NUMBERS = {
    "cores": ("N", "1 to 16.", 8), "banks": ("N", "banks of L1, a power of two.", 16),
    "bank_words": ("N", "32-bit words of a bank, a power of two.", 2048),
    "private_cache": ("BYTES", "instruction cache of each core.", 1024),
    "shared_cache": ("BYTES", "instruction cache behind these.", 8192),
    "cache_ways": ("N", "1, 2 or 4 of the shared cache.", 4),
    "barriers": ("N", "1 to 8.", 4), "mutexes": ("N", "1 to 8.", 4),
}


class ClusterOptions:
    """What the options say. ``given``: {parameter: value} of those that were given."""

    def __init__(self, given):
        self.given = {name: value for name, value in given.items() if value is not None}

    def refuse(self, target):
        """Raise a usage error when options are given: ``target`` has none of them."""
        for name in self.given:
            raise click.UsageError(f"{target} has no --{name.replace('_', '-')}")

    def config(self, core=None):
        """The :class:`flexdrive.flexv.cluster.ClusterConfig`, with cores as of ``core``."""
        from flexdrive.flexv.cluster import ClusterConfig

        return ClusterConfig(**self.given, **({} if core is None else {"core": core}))


def cluster_options(command):
    """Add the options to a command, which gets them as ``cluster``."""
    @functools.wraps(command)
    def wrapped(*arguments, xor_banks, gate_cores, **options):
        numbers = {name: options.pop(name) for name in _NUMBERS}
        cluster = ClusterOptions({**numbers, "xor_banks": xor_banks, "gate_cores": gate_cores})
        return command(*arguments, cluster=cluster, **options)
    wrapped = click.option("--gate-cores", is_flag=True, default=None, help="Cluster: a core that "
                           "waits for an event stands still.")(wrapped)
    wrapped = click.option("--xor-banks", is_flag=True, default=None, help="Cluster: the bank is "
                           "an XOR of address bits, not the lowest ones.")(wrapped)
    for name, (metavar, text, default) in reversed(_NUMBERS.items()):
        wrapped = click.option(f"--{name.replace('_', '-')}", type=int, metavar=metavar,
                               help=f"Cluster: {text}  [default: {default}]")(wrapped)
    return wrapped
