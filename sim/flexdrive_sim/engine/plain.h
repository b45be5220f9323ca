// What a model needs of a standard library: objects on the heap and values that wait. With these
// lines instead of the C++ library, whose sources the compiler would first build, the first model on
// a machine takes some seconds and not two minutes.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace harness {

struct place { void *at; };

} // namespace harness

inline void *operator new(size_t, harness::place place) noexcept { return place.at; }

namespace harness {

// A new object with the alignment of its type. Without memory there is nothing left to do.
template <class T, class... Values> T *make(Values &&...values) {
	constexpr size_t alignment = alignof(T) < sizeof(void *) ? sizeof(void *) : alignof(T);
	void *at = aligned_alloc(alignment, (sizeof(T) + alignment - 1) / alignment * alignment);
	if (!at) abort();
	return new (place{at}) T{static_cast<Values &&>(values)...};
}

template <class T> void drop(T *object) {
	if (!object) return;
	object->~T();
	free(object);
}

// Values in order of their arrival, one behind the other in memory. For plain data.
template <class T> class queue {
	T *values = nullptr;
	size_t first = 0, end = 0, capacity = 0;

	void make_room(size_t more) {
		if (end + more <= capacity) return;
		// Half of it has been taken out: what is left moves to the front.
		if (first >= capacity / 2 && size() + more <= capacity) {
			memmove(values, values + first, size() * sizeof(T));
			end -= first;
			first = 0;
			return;
		}
		capacity = 2 * (end + more);
		values = static_cast<T *>(realloc(values, capacity * sizeof(T)));
		if (!values) abort();
	}

public:
	queue() = default;
	queue(const queue &) = delete;
	queue &operator=(const queue &) = delete;
	~queue() { free(values); }

	bool empty() const { return first == end; }
	size_t size() const { return end - first; }
	const T *data() const { return values + first; }
	const T &front() const { return values[first]; }
	void pop_front() { first++; }
	void push_back(const T &value) {
		make_room(1);
		values[end++] = value;
	}
	void append(const T *from, size_t count) {
		make_room(count);
		if (count) memcpy(values + end, from, count * sizeof(T));
		end += count;
	}
};

} // namespace harness
