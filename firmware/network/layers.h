// Layers as the compiler's C calls them: by the core's dot products, where it has these instructions
// and there are kernels for the layer, or by plain C.
#ifndef NETWORK_LAYERS_H
#define NETWORK_LAYERS_H

#include <stddef.h>

#include "kernels.h"
#include "platform.h"

#define NET_INLINE static inline __attribute__((always_inline))

#ifdef NETWORK_DOTS
#include "dots.h"
// What the compiler has made for a layer.
#define NET_DOTS(layer) (&layer)
#else
struct net_dots;
struct net_strips_layer;
#define NET_DOTS(layer) NULL
#endif

// Before the barrier in front of a layer's call: what needs none of its weights.
NET_INLINE void net_prepare(const struct net_dots *dots, const struct net_map *in,
			    const struct net_map *out, uint32_t first)
{
#ifdef NETWORK_DOTS
	net_dots_prepare(dots, in, out, first);
#else
	(void)dots, (void)in, (void)out, (void)first;
#endif
}

NET_INLINE void net_prepare_strips(const struct net_strips_layer *layer)
{
#ifdef NETWORK_DOTS
	net_strips_prepare(layer);
#else
	(void)layer;
#endif
}

// Arguments as of net_plain_convolve and the others (kernels.h).
NET_INLINE void net_convolve(const struct net_map *in, const struct net_map *out,
			     const struct net_window *window, uint32_t weight_bits,
			     const void *weights, uint32_t first, uint32_t count,
			     const struct net_requant *requant, int scaled,
			     const struct net_dots *dots)
{
#ifdef NETWORK_DOTS
	if (dots) {
		net_dots_run(dots, in, out, weights, first, count, requant, scaled);
		return;
	}
#else
	(void)dots;
#endif
	net_plain_convolve(in, out, window, weight_bits, weights, first, count, requant, scaled);
}

NET_INLINE void net_depthwise(const struct net_map *in, const struct net_map *out,
			      const struct net_window *window, uint32_t weight_bits,
			      const void *weights, uint32_t first, uint32_t count,
			      uint32_t multiple, const struct net_requant *requant, int scaled,
			      const struct net_dots *dots)
{
#ifdef NETWORK_DOTS
	if (dots) {
		net_dots_run(dots, in, out, weights, first, count, requant, scaled);
		return;
	}
#else
	(void)dots;
#endif
	net_plain_depthwise(in, out, window, weight_bits, weights, first, count, multiple, requant,
			    scaled);
}

NET_INLINE void net_depthwise_strips(const struct net_map *in, const struct net_map *out,
				     const struct net_window *window, const void *weights,
				     uint32_t first, uint32_t count, int down,
				     const struct net_requant *requant,
				     const struct net_strips_layer *layer)
{
#ifdef NETWORK_DOTS
	if (layer) {
		net_strips_run(layer, in, out, weights, first, count);
		return;
	}
#else
	(void)layer;
#endif
	net_plain_strips(in, out, window, weights, first, count, down, requant);
}

#endif
