#!/usr/bin/env bash
# pith-manifest on the command line: exit statuses, messages with file and line, programs that lie.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tool=$PITH_BUILD/bin/pith-manifest
cd "$work"

# expect STATUS PATTERN ARGUMENT…: exit status and, if not empty, a line of either output.
expect() {
  local status=$1 pattern=$2 actual=0
  shift 2
  "$tool" "$@" >output 2>&1 || actual=$?
  [ "$actual" = "$status" ] || { echo "status $actual instead of $status: $*"; cat output; exit 1; }
  [ -z "$pattern" ] || grep -qE -e "$pattern" output || { echo "no \`$pattern\` from $*"; cat output; exit 1; }
}

expect 2 usage
expect 2 usage check
expect 2 usage pack a.toml -o b
expect 2 usage check a.toml --components c -o d
expect 0 usage --help
expect 1 'none.toml: the manifest cannot be read' check none.toml

mkdir components
cp "$PITH_BUILD/tests/idle_program" components/root
cp components/root components/one
printf '[system]\nname = "small"\nmemory = "4 MiB"\n[[component]]\nname = "one"\nmodule = "data"\n' >small.toml
# A test's program in root's place, alone.
printf '[system]\nname = "alone"\nmemory = "4 MiB"\n' >alone.toml
expect 1 'a system of root alone does nothing' check alone.toml
echo 'root = "one"' >>alone.toml
expect 0 '"root": "one"' check alone.toml --json
expect 0 '' pack alone.toml --components components -o image
sed 's/"one"/"No!"/' alone.toml >badly.toml
expect 1 "badly.toml:4: root's program" check badly.toml
echo data >data
expect 0 '' check small.toml
expect 1 'small.toml:6: module .data. was not given' pack small.toml --components components -o image
expect 1 'gone: module .data. cannot be read' pack small.toml --components components --module data=gone -o image
expect 0 '' pack small.toml --components components --module data=data -o image
[ "$(head -c 8 image)" = PITHIMG1 ]
expect 1 'none/image: the image cannot be written' pack small.toml --components components --module data=data -o none/image
head -c 5000000 /dev/zero >data
expect 1 'small.toml:1: memory is overcommitted' pack small.toml --components components --module data=data -o image2
[ ! -e image2 ]
echo data >data
head -c 200 components/root >components/one
expect 1 'components/one: not a program for a component: ' pack small.toml --components components --module data=data -o image2
rm components/one
expect 1 'small.toml:5: there is no program .one. in components' pack small.toml --components components --module data=data -o image2

# Supervision: groups that are no tree, heartbeats that nobody could watch.
cp components/root components/one
supervised() { printf '[system]\nname = "s"\nmemory = "4 MiB"\n[[component]]\nname = "one"\n%b\n' "$1" >supervised.toml; }
supervised 'heartbeat_ms = 3'
expect 1 'supervised.toml:6: .one. has a heartbeat, and no component has' check supervised.toml
supervised 'heartbeat_ms = "3 ms"'
expect 1 'supervised.toml:6: .heartbeat_ms. in component .one. must be a number' check supervised.toml
supervised 'group = "drivers"'
expect 1 'supervised.toml:6: .one. is in group .drivers., and no group is called so' check supervised.toml
supervised 'group = "a"\n[[group]]\nname = "a"\nparent = "b"\n[[group]]\nname = "b"\nparent = "a"'
expect 1 'supervised.toml:9: group .a. is in .b.' check supervised.toml
supervised '[[group]]\nname = "system"\nstrategy = "any"'
expect 1 'supervised.toml:8: .strategy. is "one", "all" or "rest"' check supervised.toml
supervised 'restart_limit = 3'
expect 1 'supervised.toml:6: unknown key .restart_limit.' check supervised.toml
supervised '[[group]]\nname = "system"\nrestarts = 101'
expect 1 'supervised.toml:8: .restarts. in group .system. must be a number from 1 to 100' check supervised.toml

for system in "$PITH_ROOT"/systems/*.toml; do expect 0 '' check "$system"; done
expect 0 '"linux" -> "console"' graph "$PITH_ROOT/systems/default.toml"
expect 0 '"system": "default"' check "$PITH_ROOT/systems/default.toml" --json
