"""The registers of a SoC for C and assembly, derived from their tables."""

from flexdrive.bus.chip_registers import STREAMS
from flexdrive.hyperdrive.descriptor.codes import Code
from flexdrive.soc.registers import CHIP_CHANNELS, DMA, PAGES, Channel, Line

__all__ = ["soc_header"]

_NOTE = "Generated from the register tables by flexdrive_deploy.flexv.headers; do not edit."


def soc_header():
    """Text of soc_registers.h."""
    lines = [f"// {_NOTE}", "#ifndef SOC_REGISTERS_H", "#define SOC_REGISTERS_H", "",
             "// Interrupt lines."]
    lines += [f"#define SOC_LINE_{line.name} {line.value}" for line in Line]
    lines += ["", "// Channels of the stream DMA, and those of the chip as bits."]
    lines += [f"#define SOC_CHANNEL_{each.name} {each.value}" for each in Channel]
    lines += [f"#define SOC_CHIP_CHANNELS {sum(1 << each for each in CHIP_CHANNELS):#x}",
              f"#define SOC_CHANNEL_NAMES \\\n\t{_names(each.name for each in Channel)}",
              "// Streams in the order of their bits in WAITED.",
              f"#define SOC_STREAM_NAMES \\\n\t{_names(STREAMS)}",
              "", "// X(value, name) of each code of a refused descriptor.",
              "#define SOC_CODES(X) \\\n\t" + " \\\n\t".join(
                  f"X({code.value}, {code.name})" for code in Code), ""]
    for page in PAGES:
        for register in page.registers:
            name = f"{page.name}_{register.name}"
            lines.append(f"#define SOC_ADDRESS_{name} {page.base + register.offset:#010x} "
                         f"// {register.access.value}")
            lines += [f"#define SOC_{name}_{field.upper()} {((1 << bits) - 1) << low:#x}"
                      for field, low, bits, _ in register.fields]
    lines += ["", "#ifndef __ASSEMBLER__", "#include <stdint.h>", ""]
    for page in PAGES:
        for register in page.registers:
            name = f"{page.name}_{register.name}"
            lines += [f"// {register.text}",
                      f"#define SOC_{name} ((volatile uint32_t *)SOC_ADDRESS_{name})"]
    lines += ["// ADDRESS and LEFT of a channel.",
              f"#define SOC_DMA_CHANNEL(channel) (SOC_DMA_{Channel(0).name}_ADDRESS + "
              f"{(_address(1) - _address(0)) // 4} * (channel))"]
    return "\n".join([*lines, "", "#endif", "#endif"]) + "\n"


def _address(number):
    return next(each.offset for each in DMA.registers
                if each.name == f"{Channel(number).name}_ADDRESS")


def _names(names):
    return ", ".join(f"\"{name.lower()}\"" for name in names)
