# Sourced by the scripts beside it, behind environment.sh: the programs of RabbitMQ and PostgreSQL.
# Only their programs are needed: the demo and the tests run private nodes of their own, in directories of their own.

has_rabbitmq() {
    .venv/bin/python -c 'from twinpool.brokers.rabbitmq_installation import find_installation as find; find()' 2>/dev/null
}

has_postgresql() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# Installs packages of servers without leaving a server that runs, now or after the next boot.
install_servers() {
    local policy=/usr/sbin/policy-rc.d laid="" failed=""
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\n# Nothing is started while scripts/ of twinpool install packages.\nexit 101\n' |
            as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        laid=yes
        # The path is known now.
        # shellcheck disable=SC2064
        trap "as_root rm -f '$policy'" EXIT
    fi
    apt_install "$@" || failed=yes
    if [ -n "$laid" ]; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
    [ -z "$failed" ]
}

leave_disabled() {
    local unit
    for unit in "$@"; do
        if command -v systemctl >/dev/null; then
            as_root systemctl disable --quiet "$unit" >/dev/null 2>&1 || true
        elif command -v update-rc.d >/dev/null; then
            as_root update-rc.d "${unit%.*}" disable >/dev/null 2>&1 || true
        fi
    done
}

# Sets nothing up and returns 1 if there is no RabbitMQ and none may be installed.
install_rabbitmq() {
    has_rabbitmq && return
    may_install || return 1
    say "Installing rabbitmq-server with apt-get (its programs only; no service is left running)"
    install_servers rabbitmq-server || return 1
    leave_disabled rabbitmq-server.service epmd.socket epmd.service
    has_rabbitmq
}

install_postgresql() {
    has_postgresql && return
    may_install || return 1
    say "Installing postgresql with apt-get (its programs only; no cluster is made)"
    install_servers postgresql-common || return 1
    local settings=/etc/postgresql-common/createcluster.conf kept
    kept=$(mktemp)
    cat "$settings" >"$kept" 2>/dev/null || true
    printf 'create_main_cluster = false\n' | as_root tee "$settings" >/dev/null
    local failed=""
    install_servers postgresql || failed=yes
    as_root tee "$settings" <"$kept" >/dev/null
    rm -f "$kept"
    leave_disabled postgresql.service
    [ -z "$failed" ] && has_postgresql
}

has_promtool() {
    command -v promtool >/dev/null
}

# For `promtool` alone, which tests the alert rules.
install_promtool() {
    has_promtool && return
    may_install || return 1
    say "Installing prometheus with apt-get (for promtool alone; no service is left running)"
    install_servers prometheus || return 1
    leave_disabled prometheus.service prometheus-node-exporter.service
    has_promtool
}

has_chromium() {
    command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

# The browser in which the dashboard is tested; a program of people, nothing that runs by itself.
install_chromium() {
    has_chromium && return
    may_install || return 1
    say "Installing chromium with apt-get"
    apt_install chromium || return 1
    has_chromium
}

no_rabbitmq() {
    die "there is no RabbitMQ, and it cannot be installed from here (that takes root, or sudo without a password)" \
        "either, as root: apt-get install rabbitmq-server" \
        "or name a broker that runs already: $1=amqp://user:password@host:5672/vhost"
}
