#!/usr/bin/env bash
# Makes .venv with exactly what .ci/requirements.txt pins, every hash checked. `make` writes the stamp that
# says "done" only after this script has succeeded, so a failed or stopped run is done anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python="${PYTHON:-python3}"
debian_packages=(python3-venv python3-pip)

fail() { printf 'venv: %s\n' "$*" >&2; exit 1; }

has_module() { "$python" -c "import $1" 2>/dev/null; }

# Debian splits venv and pip off Python; either of the two is enough.
ensure_a_way_to_fill_a_venv() {
  if has_module ensurepip || has_module pip; then return; fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  echo "venv: this Python has neither ensurepip nor pip; asking apt for ${debian_packages[*]}"
  { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install \
      -qq -y --no-install-recommends "${debian_packages[@]}"; } >/dev/null 2>&1 \
    || fail "no way to make one: run \`apt-get install ${debian_packages[*]}\` as root, then try again"
}

command -v "$python" >/dev/null || fail "no $python here; set PYTHON to a Python 3.11 or newer"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "$("$python" --version) is too old; set PYTHON to a Python 3.11 or newer"
ensure_a_way_to_fill_a_venv

echo "venv: making .venv with $("$python" --version), about 70 MB to download unless pip has it cached"
rm -rf .venv
if has_module ensurepip; then
  "$python" -m venv .venv
  pip=(.venv/bin/python -m pip)
else
  "$python" -m venv --without-pip .venv
  pip=("$python" -m pip --python .venv/bin/python)
fi
"${pip[@]}" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r .ci/requirements.txt
