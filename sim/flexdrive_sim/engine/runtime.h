// The CXXRTL runtime without its forced inlining. Forced inlining comes before all simplification,
// so each operator would bring its loops over chunks into `eval`, and passes over loops take time
// that is quadratic in their number. Left to its own choice, clang first reduces an operator to a
// few instructions, then inlines those.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#define __always_inline__ __hot__
#include <cxxrtl/cxxrtl.h>
#undef __always_inline__

#if !defined(FLEXDRIVE_LIBRARY)
#include "strings.h"
#endif
