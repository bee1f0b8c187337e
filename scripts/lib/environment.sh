# Sourced by the scripts beside it: the project's own virtual environment, made when it is missing or out of date.
# The caller stands in the repository's root. Only what is done is said, on standard error.

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

# ── packages of the distribution ─────────────────────────────────────────────────────────────────────────────────

# Runs a command as root, or fails without asking for a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

apt_install() {
    local log
    log=$(mktemp)
    # Lists of packages may be missing on a fresh machine, or too old to find anything by.
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >"$log" 2>&1 ||
        { as_root apt-get update -q >"$log" 2>&1 &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$log" 2>&1; }; then
        rm -f "$log"
        return 0
    fi
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
}

# ── Python ───────────────────────────────────────────────────────────────────────────────────────────────────────

OLDEST_PYTHON="3.11"

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))' "$OLDEST_PYTHON" \
        2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${TWINPOOL_PYTHON:-}" ]; then
        is_new_enough "$TWINPOOL_PYTHON" || die "TWINPOOL_PYTHON is $TWINPOOL_PYTHON, which is no Python $OLDEST_PYTHON or newer"
        printf '%s' "$TWINPOOL_PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    die "there is no Python $OLDEST_PYTHON or newer" \
        "install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name one in TWINPOOL_PYTHON"
}

# Debian packs what makes virtual environments apart from Python.
ensure_venv_module() {
    local python=$1 version
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if may_install; then
        say "Installing python$version-venv with apt-get"
        apt_install "python$version-venv" || apt_install python3-venv || true
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        die "Python $version at $python cannot make virtual environments (its ensurepip is missing)" \
            "install that as root, and call this again: apt-get install python$version-venv"
}

# The tables of pyproject.toml that an installation follows from; rules of checks and tests are not among them.
what_is_installed() {
    awk '/^\[/ { wanted = /^\[(build-system|project|tool\.hatch)/ } wanted' pyproject.toml
}

# make_environment run|dev: all that the project needs, at the versions and hashes that requirements/ has.
make_environment() {
    local kind=$1 stamp=.venv/.twinpool-$1 mark python
    # A directory that was moved has to be made anew, for its scripts name the place where it was made.
    mark=$({ printf '%s\n' "$PWD"; cat requirements/*.txt; what_is_installed; } | sha256sum | cut -d ' ' -f 1)
    [ "$(cat "$stamp" 2>/dev/null)" = "$mark" ] && .venv/bin/python -c '' 2>/dev/null && return
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || ! grep -qsF "$PWD/.venv" .venv/bin/activate; then
        python=$(find_python)
        ensure_venv_module "$python"
        say "Making the virtual environment .venv with $("$python" --version)"
        "$python" -m venv --clear .venv
    fi
    say "Installing the dependencies of requirements/$kind.txt into .venv"
    install_into_environment --require-hashes --requirement "requirements/$kind.txt"
    say "Installing twinpool into .venv"
    install_into_environment --no-build-isolation --no-deps --editable .
    printf '%s\n' "$mark" >"$stamp"
    # What serves development serves running as well.
    [ "$kind" != dev ] || printf '%s\n' "$mark" >.venv/.twinpool-run
}

install_into_environment() {
    .venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --no-warn-script-location "$@" >&2 ||
        die "pip could not install what is needed; its own message stands above" \
            "is the package index reachable from here? See pip's settings for proxies and mirrors"
}
