# What the commands of ./pith share: messages, packages, the build. Standard output stays clean: all of this goes to standard error.
# shellcheck shell=bash

say() { echo "pith: $*" >&2; }
# What fails ends with 1, but `./pith run` with the status of a system that does not come up.
fail() {
  say "$*"
  [ "${command:-}" != run ] || exit 125
  exit 1
}
misused() {
  say "$* (see ./pith ${command:-} --help)"
  exit 2
}

# The packages of tools/packages.txt that command $1 needs, one a line with its reason.
packages_for() {
  awk -v wanted="$1:" '/^#/ || NF == 0 { next }
    $1 ~ /:$/ { if ($1 != wanted) next; sub(/^[^ ]+ +/, "") }
    { package = $1; sub(/^[^ ]+ +/, ""); printf "%s\t%s\n", package, $0 }' "$PITH_ROOT/tools/packages.txt"
}

# Those of the packages on standard input that are not installed.
missing_packages() {
  local installed package reason
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
  while IFS=$'\t' read -r package reason; do
    grep -qxF -- "$package" <<<"$installed" || printf '%s\t%s\n' "$package" "$reason"
  done
}

# Installs what command $1 needs and does not find.
install_packages() {
  local missing root=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    without_apt "$1"
    return
  fi
  missing=$(packages_for "$1" | missing_packages)
  [ -n "$missing" ] || return 0
  say "these packages are missing:"
  awk -F '\t' '{ printf "  %-22s %s\n", $1, $2 }' <<<"$missing" >&2
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "install them as root: apt-get install $(cut -f1 <<<"$missing" | tr '\n' ' ')"
    root=(sudo)
  fi
  say "installing them with apt"
  local names
  mapfile -t names < <(cut -f1 <<<"$missing")
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  # A list that is too old or not there at all shows in a failed installation.
  "${apt[@]}" install --no-install-recommends "${names[@]}" >&2 </dev/null ||
    { "${apt[@]}" update >&2 </dev/null && "${apt[@]}" install --no-install-recommends "${names[@]}" >&2 </dev/null; } ||
    fail "apt could not install them"
}

# Elsewhere than on Debian: go on if the programs are there, else say what is needed.
without_apt() {
  local program lost=
  for program in clang++-19 ld.lld-19 cmake ninja qemu-system-x86_64 patch xz; do
    command -v "$program" >/dev/null || lost="$lost $program"
  done
  [ -n "$lost" ] || return 0
  say "this is no Debian system, and these programs are missing:$lost"
  say "install what corresponds to these packages of Debian 12:"
  packages_for "$1" | awk -F '\t' '{ printf "  %-22s %s\n", $1, $2 }' >&2
  fail "cannot build here"
}

# One changing line of progress on a terminal; elsewhere a line now and then, and all that is no progress.
run_ninja() {
  export NINJA_STATUS='[%f/%t] '
  if [ -t 2 ]; then
    ninja -C "$PITH_BUILD" "$@" >&2
  else
    ninja -C "$PITH_BUILD" "$@" 2>&1 | awk '/^ninja: (Entering|no work)|Re-checking globbed/ { next } /^\[[0-9]+\/[0-9]+\] / && ++count % 50 != 1 { next } { print; fflush() }' >&2
  fi
}

# Builds the targets, one build at a time in one folder.
build() {
  mkdir -p "$PITH_BUILD"
  exec 9>"$PITH_BUILD/.lock"
  flock -n 9 || {
    say "waiting for another build in $PITH_BUILD"
    flock 9
  }
  if [ ! -f "$PITH_BUILD/build.ninja" ]; then
    say "configuring"
    cmake -G Ninja -S "$PITH_ROOT" -B "$PITH_BUILD" 2>&1 9>&- | tee "$PITH_BUILD/configure.log" |
      awk '/^fetch-source/ { print; fflush() }' >&2 || {
      cat "$PITH_BUILD/configure.log" >&2
      rm -f "$PITH_BUILD/build.ninja"
      fail "the build cannot be configured"
    }
  fi
  run_ninja "$@" 9>&- || fail "the build failed"
  exec 9>&-
}

# The value of option $1 among the following arguments, as `$1 value` or `$1=value`; $default if it is not there.
option_value() {
  local name=$1 value=${default-}
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in
      "$name") value=${2-} ;;
      "$name"=*) value=${1#*=} ;;
    esac
    shift
  done
  printf '%s\n' "$value"
}

# Whether one of the arguments before -- asks for help.
asks_help() {
  local word
  for word in "$@"; do
    case $word in
      --help | -h) return 0 ;;
      --) return 1 ;;
    esac
  done
  return 1
}

# Builds what is needed to boot system $1.
build_system() {
  [[ $1 =~ ^[a-z0-9_-]+$ ]] || misused "\`$1\` is no name of a system"
  [ -f "$PITH_ROOT/systems/$1.toml" ] || [ -f "$PITH_ROOT/tests/systems/$1.toml" ] || misused "there is no system $1"
  build pith-launch kernel "image-$1"
}
