# Sourced by ./run and ./test: what the machine must have, installed only where it is missing.

# need PACKAGE...: have these Debian packages, as root or by sudo; otherwise say the one line to type.
need() {
    local missing=()
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "Missing on this machine. Type this once, then try again:" >&2
            echo "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
            exit 1
        fi
        as=(sudo -n)
    fi
    echo "Installing ${missing[*]}" >&2
    local said
    said=$(mktemp)
    if ! {
        "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
            "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
                install --no-install-recommends -y "${missing[@]}"
    } >"$said" 2>&1; then
        cat "$said" >&2
        rm -f "$said"
        return 1
    fi
    rm -f "$said"
}

# venv LOCK: make .venv from Debian's Python with exactly what LOCK names; only when LOCK has changed.
# A lock for development holds what the other holds and more, so its stamp serves both.
venv() {
    local lock=$1 stamp
    stamp=$(cat requirements.txt "$lock" | sha256sum | cut -d' ' -f1)
    [ -x .venv/bin/python ] || /usr/bin/python3 -m venv .venv
    local have
    have=$(cat .venv/"$(basename "$lock")".stamp 2>/dev/null || true)
    [ "$have" = "$stamp" ] && return
    echo "Installing Python packages of $lock" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    # The command of the technicians, from wherever they stand: this folder is the program.
    pwd > "$(.venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/tallypoint.pth"
    printf '#!%s/.venv/bin/python\nimport sys\n\nfrom terminal.app.cli import main\n\nsys.exit(main())\n' \
        "$PWD" > .venv/bin/tallypoint
    chmod +x .venv/bin/tallypoint
    echo "$stamp" > .venv/"$(basename "$lock")".stamp
}

# pyscard: have Debian's in .venv, for real card readers. There are no wheels for Linux, and Debian's was
# built for the Python that .venv is made from.
pyscard() {
    need python3-pyscard || return
    ln -sfn /usr/lib/python3/dist-packages/smartcard \
        "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/smartcard"
}
