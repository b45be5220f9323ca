// What CXXRTL's models need of the C++ library beyond its headers: strings, made here from the
// headers' own templates, and memory. Included once, after CXXRTL's headers. The library itself would
// first be built from its sources, which takes the compiler two minutes of a core; designs that print
// have it.
#pragma once

#include <new>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

template class std::basic_string<char>;
template std::string std::operator+ <char, std::char_traits<char>, std::allocator<char>>(
	const char *, const std::string &);

std::string std::to_string(unsigned value) { return to_string(static_cast<unsigned long>(value)); }
std::string std::to_string(unsigned long value) {
	char text[24];
	snprintf(text, sizeof(text), "%lu", value);
	return text;
}

void *operator new(size_t size) {
	void *at = malloc(size ? size : 1);
	if (!at) abort(); // nothing is left to do, and nobody catches
	return at;
}
void *operator new[](size_t size) { return operator new(size); }
void operator delete(void *at) noexcept { free(at); }
void operator delete(void *at, size_t) noexcept { free(at); }
void operator delete[](void *at) noexcept { free(at); }
void operator delete[](void *at, size_t) noexcept { free(at); }

// The library's own place for what ends a program (libc++, "Hardening Modes").
[[noreturn]] void std::__libcpp_verbose_abort(const char *format, ...) noexcept {
	va_list values;
	va_start(values, format);
	vfprintf(stderr, format, values);
	abort();
}
