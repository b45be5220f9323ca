// Configuration of picolibc for Flex-V: one thread, no files, formats with 64-bit integers and
// exactly rounded floating point. In picolibc's own build this file is generated.
#pragma once

#define __PICOLIBC__ 1
#define __PICOLIBC_MINOR__ 7
#define __PICOLIBC_PATCHLEVEL__ 9
#define __PICOLIBC_VERSION__ "1.7.9"
#define __NEWLIB__ 4
#define __NEWLIB_MINOR__ 1
#define __NEWLIB_PATCHLEVEL__ 0
#define _NEWLIB_VERSION "4.1.0"

// Input and output.
#define TINY_STDIO
#define FORMAT_DEFAULT_DOUBLE
#define _IO_FLOAT_EXACT
#define _WANT_IO_C99_FORMATS
#define _WANT_IO_LONG_LONG
#define _WANT_IO_POS_ARGS

// Memory, start and end, errno.
#define _NANO_MALLOC
#define _HAVE_INITFINI_ARRAY
#define _LITE_EXIT
#define _PICO_EXIT
#define NEWLIB_GLOBAL_ERRNO
#define __SINGLE_THREAD__

// Strings and mathematics.
#define FAST_STRCMP
#define _MB_LEN_MAX 1
#define _IEEE_LIBM
#define __OBSOLETE_MATH_FLOAT 1
#define __OBSOLETE_MATH_DOUBLE 0

// What clang can do.
#define _HAVE_ALIAS_ATTRIBUTE
#define _HAVE_ALLOC_SIZE
#define _HAVE_ATTRIBUTE_ALWAYS_INLINE
#define _HAVE_ATTRIBUTE_GNU_INLINE
#define _HAVE_BITFIELDS_IN_PACKED_STRUCTS
#define _HAVE_BUILTIN_ADD_OVERFLOW
#define _HAVE_BUILTIN_ALLOCA
#define _HAVE_BUILTIN_COPYSIGN
#define _HAVE_BUILTIN_CTZ
#define _HAVE_BUILTIN_CTZL
#define _HAVE_BUILTIN_CTZLL
#define _HAVE_BUILTIN_EXPECT
#define _HAVE_BUILTIN_FFS
#define _HAVE_BUILTIN_FFSL
#define _HAVE_BUILTIN_FFSLL
#define _HAVE_BUILTIN_ISFINITE
#define _HAVE_BUILTIN_ISINF
#define _HAVE_BUILTIN_ISNAN
#define _HAVE_BUILTIN_MUL_OVERFLOW
#define _HAVE_FORMAT_ATTRIBUTE
#define _HAVE_WEAK_ATTRIBUTE
