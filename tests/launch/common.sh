# What the tests of pith-launch share: a folder that looks like a build, with the stand-in kernel and a packed image.
# shellcheck shell=bash
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
launch=$PITH_BUILD/bin/pith-launch

mkdir -p "$work/components" "$work/tree"
cp "$PITH_BUILD/tests/stub/kernel.elf" "$work/kernel.elf"
cp "$PITH_BUILD/tests/idle_program" "$work/components/root"
cp "$PITH_BUILD/tests/idle_program" "$work/components/linux"
cat >"$work/default.toml" <<'END'
[system]
name = "default"
memory = "64 MiB"
[[component]]
name = "linux"
module = "rootfs"
END
"$PITH_BUILD/bin/pith-manifest" pack "$work/default.toml" --components "$work/components" \
  --module rootfs="$PITH_BUILD/rootfs.cpio" -o "$work/image-default" || exit 1

# expect STATUS STDOUT ARGUMENT…: runs pith-launch and compares; standard error is left in $work/error.
expect() {
  local status=$1 output=$2 actual actual_status=0
  shift 2
  actual=$("$launch" run --build "$work" --memory 64M "$@" 2>"$work/error" </dev/null) || actual_status=$?
  [ "$actual_status" = "$status" ] || {
    echo "exit status $actual_status instead of $status: $*"
    cat "$work/error"
    exit 1
  }
  [ "$actual" = "$output" ] || {
    echo "standard output is \`$actual\` instead of \`$output\`: $*"
    exit 1
  }
}

# says PATTERN: the last run's standard error has a line like it.
says() {
  grep -qE -e "$1" "$work/error" || {
    echo "standard error has no line like \`$1\`:"
    cat "$work/error"
    exit 1
  }
}
