// Generated from the register tables by flexdrive_deploy.flexv.headers; do not edit.
#ifndef SOC_REGISTERS_H
#define SOC_REGISTERS_H

// Interrupt lines.
#define SOC_LINE_SOFTWARE 3
#define SOC_LINE_TIMER 7
#define SOC_LINE_CHIP 16
#define SOC_LINE_DMA 17

// Channels of the stream DMA, and those of the chip as bits.
#define SOC_CHANNEL_DESCRIPTORS 0
#define SOC_CHANNEL_WEIGHTS 1
#define SOC_CHANNEL_PIXELS 2
#define SOC_CHANNEL_SENT 3
#define SOC_CHANNEL_RESULTS 4
#define SOC_CHANNEL_REPORTS 5
#define SOC_CHANNEL_RECEIVED 6
#define SOC_CHIP_CHANNELS 0x37
#define SOC_CHANNEL_NAMES \
	"descriptors", "weights", "pixels", "sent", "results", "reports", "received"
// Streams in the order of their bits in WAITED.
#define SOC_STREAM_NAMES \
	"descriptors", "weights", "pixels", "results", "reports"

// X(value, name) of each code of a refused descriptor.
#define SOC_CODES(X) \
	X(0, OK) \
	X(1, MAGIC) \
	X(2, OPERATION) \
	X(3, RESERVED) \
	X(4, KERNEL) \
	X(5, STRIDE) \
	X(6, ACTIVATION) \
	X(7, INTERLEAVE) \
	X(8, PAYLOAD) \
	X(9, ZERO) \
	X(10, EXTENT) \
	X(11, INPUT_RANGE) \
	X(12, OUTPUT_RANGE) \
	X(13, BYPASS_RANGE) \
	X(14, OVERLAP) \
	X(15, BYPASS_OVERLAP) \
	X(16, WEIGHT_DEPTH) \
	X(17, MESH) \
	X(18, BORDER_RANGE) \
	X(19, BORDER_OVERLAP) \
	X(20, REACH) \
	X(21, PITCH) \
	X(22, CHANNELWISE) \
	X(23, UPSAMPLE) \
	X(32, LINK_NORTH) \
	X(33, LINK_SOUTH) \
	X(34, LINK_WEST) \
	X(35, LINK_EAST)

#define SOC_ADDRESS_CLINT_MSIP 0x02000000 // read, write
#define SOC_ADDRESS_CLINT_MTIMECMP 0x02004000 // read, write
#define SOC_ADDRESS_CLINT_MTIMECMPH 0x02004004 // read, write
#define SOC_ADDRESS_CLINT_MTIME 0x0200bff8 // read, write
#define SOC_ADDRESS_CLINT_MTIMEH 0x0200bffc // read, write
#define SOC_ADDRESS_HYPERDRIVE_IDENTITY 0x11000000 // constant
#define SOC_ADDRESS_HYPERDRIVE_VERSION 0x11000004 // constant
#define SOC_HYPERDRIVE_VERSION_REGISTERS 0xff
#define SOC_HYPERDRIVE_VERSION_DESCRIPTORS 0xff00
#define SOC_ADDRESS_HYPERDRIVE_GEOMETRY 0x11000008 // constant
#define SOC_HYPERDRIVE_GEOMETRY_ROWS 0xff
#define SOC_HYPERDRIVE_GEOMETRY_COLUMNS 0xff00
#define SOC_HYPERDRIVE_GEOMETRY_CHANNELS 0xfff0000
#define SOC_HYPERDRIVE_GEOMETRY_ADDER_DEPTH 0xf0000000
#define SOC_ADDRESS_HYPERDRIVE_MEMORY 0x1100000c // constant
#define SOC_ADDRESS_HYPERDRIVE_WEIGHT_BUFFER 0x11000010 // constant
#define SOC_HYPERDRIVE_WEIGHT_BUFFER_DEPTH 0xffff
#define SOC_HYPERDRIVE_WEIGHT_BUFFER_PARTS 0xff0000
#define SOC_ADDRESS_HYPERDRIVE_OPTIONS 0x11000014 // constant
#define SOC_HYPERDRIVE_OPTIONS_HALO 0xf
#define SOC_HYPERDRIVE_OPTIONS_LEAKY 0x10
#define SOC_HYPERDRIVE_OPTIONS_CHANNELWISE 0x20
#define SOC_HYPERDRIVE_OPTIONS_TERNARY 0x40
#define SOC_ADDRESS_HYPERDRIVE_CONTROL 0x11000018 // read, write
#define SOC_HYPERDRIVE_CONTROL_RESET 0x1
#define SOC_ADDRESS_HYPERDRIVE_STATUS 0x1100001c // read only
#define SOC_HYPERDRIVE_STATUS_BUSY 0x1
#define SOC_HYPERDRIVE_STATUS_DESCRIPTORS 0x100
#define SOC_HYPERDRIVE_STATUS_WEIGHTS 0x200
#define SOC_HYPERDRIVE_STATUS_PIXELS 0x400
#define SOC_HYPERDRIVE_STATUS_RESULTS 0x800
#define SOC_HYPERDRIVE_STATUS_REPORTS 0x1000
#define SOC_ADDRESS_HYPERDRIVE_IRQ_ENABLE 0x11000020 // read, write
#define SOC_HYPERDRIVE_IRQ_ENABLE_REPORT 0x1
#define SOC_HYPERDRIVE_IRQ_ENABLE_REFUSED 0x2
#define SOC_HYPERDRIVE_IRQ_ENABLE_TIMEOUT 0x4
#define SOC_HYPERDRIVE_IRQ_ENABLE_REJECTED 0x8
#define SOC_ADDRESS_HYPERDRIVE_IRQ_STATUS 0x11000024 // read, write 1 to clear
#define SOC_HYPERDRIVE_IRQ_STATUS_REPORT 0x1
#define SOC_HYPERDRIVE_IRQ_STATUS_REFUSED 0x2
#define SOC_HYPERDRIVE_IRQ_STATUS_TIMEOUT 0x4
#define SOC_HYPERDRIVE_IRQ_STATUS_REJECTED 0x8
#define SOC_ADDRESS_HYPERDRIVE_TIMEOUT 0x11000028 // read, write
#define SOC_ADDRESS_HYPERDRIVE_WAITED 0x1100002c // read, write 1 to clear
#define SOC_HYPERDRIVE_WAITED_DESCRIPTORS 0x1
#define SOC_HYPERDRIVE_WAITED_WEIGHTS 0x2
#define SOC_HYPERDRIVE_WAITED_PIXELS 0x4
#define SOC_HYPERDRIVE_WAITED_RESULTS 0x8
#define SOC_HYPERDRIVE_WAITED_REPORTS 0x10
#define SOC_ADDRESS_HYPERDRIVE_REFUSED 0x11000030 // read only
#define SOC_HYPERDRIVE_REFUSED_INDEX 0xffff
#define SOC_HYPERDRIVE_REFUSED_CODE 0xff0000
#define SOC_ADDRESS_HYPERDRIVE_DESCRIPTORS_COUNT 0x11000034 // read only
#define SOC_ADDRESS_HYPERDRIVE_WEIGHTS_COUNT 0x11000038 // read only
#define SOC_ADDRESS_HYPERDRIVE_PIXELS_COUNT 0x1100003c // read only
#define SOC_ADDRESS_HYPERDRIVE_RESULTS_COUNT 0x11000040 // read only
#define SOC_ADDRESS_HYPERDRIVE_REPORTS_COUNT 0x11000044 // read only
#define SOC_ADDRESS_DMA_BUSY 0x11000100 // read only
#define SOC_DMA_BUSY_DESCRIPTORS 0x1
#define SOC_DMA_BUSY_WEIGHTS 0x2
#define SOC_DMA_BUSY_PIXELS 0x4
#define SOC_DMA_BUSY_SENT 0x8
#define SOC_DMA_BUSY_RESULTS 0x10
#define SOC_DMA_BUSY_REPORTS 0x20
#define SOC_DMA_BUSY_RECEIVED 0x40
#define SOC_ADDRESS_DMA_IRQ_ENABLE 0x11000104 // read, write
#define SOC_DMA_IRQ_ENABLE_DESCRIPTORS 0x1
#define SOC_DMA_IRQ_ENABLE_WEIGHTS 0x2
#define SOC_DMA_IRQ_ENABLE_PIXELS 0x4
#define SOC_DMA_IRQ_ENABLE_SENT 0x8
#define SOC_DMA_IRQ_ENABLE_RESULTS 0x10
#define SOC_DMA_IRQ_ENABLE_REPORTS 0x20
#define SOC_DMA_IRQ_ENABLE_RECEIVED 0x40
#define SOC_DMA_IRQ_ENABLE_FAULT 0x10000
#define SOC_ADDRESS_DMA_IRQ_STATUS 0x11000108 // read, write 1 to clear
#define SOC_DMA_IRQ_STATUS_DESCRIPTORS 0x1
#define SOC_DMA_IRQ_STATUS_WEIGHTS 0x2
#define SOC_DMA_IRQ_STATUS_PIXELS 0x4
#define SOC_DMA_IRQ_STATUS_SENT 0x8
#define SOC_DMA_IRQ_STATUS_RESULTS 0x10
#define SOC_DMA_IRQ_STATUS_REPORTS 0x20
#define SOC_DMA_IRQ_STATUS_RECEIVED 0x40
#define SOC_DMA_IRQ_STATUS_FAULT 0x10000
#define SOC_ADDRESS_DMA_STOP 0x1100010c // write only
#define SOC_DMA_STOP_DESCRIPTORS 0x1
#define SOC_DMA_STOP_WEIGHTS 0x2
#define SOC_DMA_STOP_PIXELS 0x4
#define SOC_DMA_STOP_SENT 0x8
#define SOC_DMA_STOP_RESULTS 0x10
#define SOC_DMA_STOP_REPORTS 0x20
#define SOC_DMA_STOP_RECEIVED 0x40
#define SOC_ADDRESS_DMA_FAULT_ADDRESS 0x11000110 // read only
#define SOC_ADDRESS_DMA_FAULT_CHANNEL 0x11000114 // read only
#define SOC_ADDRESS_DMA_DESCRIPTORS_ADDRESS 0x11000140 // read, write
#define SOC_ADDRESS_DMA_DESCRIPTORS_LEFT 0x11000144 // read, write
#define SOC_ADDRESS_DMA_WEIGHTS_ADDRESS 0x11000148 // read, write
#define SOC_ADDRESS_DMA_WEIGHTS_LEFT 0x1100014c // read, write
#define SOC_ADDRESS_DMA_PIXELS_ADDRESS 0x11000150 // read, write
#define SOC_ADDRESS_DMA_PIXELS_LEFT 0x11000154 // read, write
#define SOC_ADDRESS_DMA_SENT_ADDRESS 0x11000158 // read, write
#define SOC_ADDRESS_DMA_SENT_LEFT 0x1100015c // read, write
#define SOC_ADDRESS_DMA_RESULTS_ADDRESS 0x11000160 // read, write
#define SOC_ADDRESS_DMA_RESULTS_LEFT 0x11000164 // read, write
#define SOC_ADDRESS_DMA_REPORTS_ADDRESS 0x11000168 // read, write
#define SOC_ADDRESS_DMA_REPORTS_LEFT 0x1100016c // read, write
#define SOC_ADDRESS_DMA_RECEIVED_ADDRESS 0x11000170 // read, write
#define SOC_ADDRESS_DMA_RECEIVED_LEFT 0x11000174 // read, write

#ifndef __ASSEMBLER__
#include <stdint.h>

// Bit 0 is interrupt line 3 (software).
#define SOC_CLINT_MSIP ((volatile uint32_t *)SOC_ADDRESS_CLINT_MSIP)
// Line 7 (timer) is up while mtime >= mtimecmp; all ones after reset. Lower half.
#define SOC_CLINT_MTIMECMP ((volatile uint32_t *)SOC_ADDRESS_CLINT_MTIMECMP)
// Upper half.
#define SOC_CLINT_MTIMECMPH ((volatile uint32_t *)SOC_ADDRESS_CLINT_MTIMECMPH)
// Cycles since the run began, lower half.
#define SOC_CLINT_MTIME ((volatile uint32_t *)SOC_ADDRESS_CLINT_MTIME)
// Upper half.
#define SOC_CLINT_MTIMEH ((volatile uint32_t *)SOC_ADDRESS_CLINT_MTIMEH)
// 0x44584c46, "FLXD".
#define SOC_HYPERDRIVE_IDENTITY ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_IDENTITY)
// Formats.
#define SOC_HYPERDRIVE_VERSION ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_VERSION)
// The chip.
#define SOC_HYPERDRIVE_GEOMETRY ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_GEOMETRY)
// Feature-map words of a tile.
#define SOC_HYPERDRIVE_MEMORY ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_MEMORY)
// The weight stream.
#define SOC_HYPERDRIVE_WEIGHT_BUFFER ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_WEIGHT_BUFFER)
// Kinds of layers.
#define SOC_HYPERDRIVE_OPTIONS ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_OPTIONS)
// Commands.
#define SOC_HYPERDRIVE_CONTROL ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_CONTROL)
// What happens now.
#define SOC_HYPERDRIVE_STATUS ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_STATUS)
// `irq` is high while one of these bits is set in IRQ_STATUS too.
#define SOC_HYPERDRIVE_IRQ_ENABLE ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_IRQ_ENABLE)
// What has happened.
#define SOC_HYPERDRIVE_IRQ_STATUS ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_IRQ_STATUS)
// Cycles without a word on any stream until time-out; 0: never.
#define SOC_HYPERDRIVE_TIMEOUT ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_TIMEOUT)
// Streams that waited when time ran out; sticky.
#define SOC_HYPERDRIVE_WAITED ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_WAITED)
// First refusal since IRQ_STATUS.refused was 0.
#define SOC_HYPERDRIVE_REFUSED ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_REFUSED)
// Words of descriptors taken since reset.
#define SOC_HYPERDRIVE_DESCRIPTORS_COUNT ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_DESCRIPTORS_COUNT)
// Weight words taken since reset.
#define SOC_HYPERDRIVE_WEIGHTS_COUNT ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_WEIGHTS_COUNT)
// Pixels taken since reset.
#define SOC_HYPERDRIVE_PIXELS_COUNT ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_PIXELS_COUNT)
// Pixels that have left the chip since reset.
#define SOC_HYPERDRIVE_RESULTS_COUNT ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_RESULTS_COUNT)
// Reports that have left the chip since reset.
#define SOC_HYPERDRIVE_REPORTS_COUNT ((volatile uint32_t *)SOC_ADDRESS_HYPERDRIVE_REPORTS_COUNT)
// Channels whose transfer is not over.
#define SOC_DMA_BUSY ((volatile uint32_t *)SOC_ADDRESS_DMA_BUSY)
// The line is up while one of these bits is set in IRQ_STATUS too.
#define SOC_DMA_IRQ_ENABLE ((volatile uint32_t *)SOC_ADDRESS_DMA_IRQ_ENABLE)
// What has happened.
#define SOC_DMA_IRQ_STATUS ((volatile uint32_t *)SOC_ADDRESS_DMA_IRQ_STATUS)
// Channels of ones stop; what is left is dropped.
#define SOC_DMA_STOP ((volatile uint32_t *)SOC_ADDRESS_DMA_STOP)
// Of the first item that was faulty since IRQ_STATUS.fault was 0: not in the memory, or no multiple of its size.
#define SOC_DMA_FAULT_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_FAULT_ADDRESS)
// Its channel.
#define SOC_DMA_FAULT_CHANNEL ((volatile uint32_t *)SOC_ADDRESS_DMA_FAULT_CHANNEL)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_DESCRIPTORS_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_DESCRIPTORS_ADDRESS)
// Items left (words); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_DESCRIPTORS_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_DESCRIPTORS_LEFT)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_WEIGHTS_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_WEIGHTS_ADDRESS)
// Items left (words); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_WEIGHTS_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_WEIGHTS_LEFT)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_PIXELS_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_PIXELS_ADDRESS)
// Items left (binary16); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_PIXELS_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_PIXELS_LEFT)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_SENT_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_SENT_ADDRESS)
// Items left (words); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_SENT_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_SENT_LEFT)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_RESULTS_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_RESULTS_ADDRESS)
// Items left (binary16); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_RESULTS_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_RESULTS_LEFT)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_REPORTS_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_REPORTS_ADDRESS)
// Items left (words); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_REPORTS_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_REPORTS_LEFT)
// Of the next item, in bytes; not while the channel is busy.
#define SOC_DMA_RECEIVED_ADDRESS ((volatile uint32_t *)SOC_ADDRESS_DMA_RECEIVED_ADDRESS)
// Items left (words); a store starts the transfer, not while the channel is busy.
#define SOC_DMA_RECEIVED_LEFT ((volatile uint32_t *)SOC_ADDRESS_DMA_RECEIVED_LEFT)
// ADDRESS and LEFT of a channel.
#define SOC_DMA_CHANNEL(channel) (SOC_DMA_DESCRIPTORS_ADDRESS + 2 * (channel))

#endif
#endif
