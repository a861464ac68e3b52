#!/usr/bin/env bash
# run.sh: holds README.md and doc/*.md to what they say: their commands work as printed, their options and files exist.
# Each page's commands run in order in a copy of the project of its own; what is long is stopped by Ctrl-C after some seconds.
set -euo pipefail
exec </dev/null
cd "$(dirname "$0")/../.."
root=$PWD
work=$root/build/documents
rm -rf "$work"
mkdir -p "$work"
pages=(README.md doc/*.md)
failures=0

# Seconds until Ctrl-C, which any command must then obey within a minute.
usual_limit=10

# What is waited for, because a later line of the page needs its end. Most training is not among it: a run that Ctrl-C stops leaves
# its model, its trace and its checkpoints, unless a busy host has not let it begin.
declare -A longer=(
  ['./gnomon train lenet --epochs 2 --out runs/lenet.safetensors']=120
  ['for i in 1 2 3 4 5 6 7 8 9 10; do']=300
  ['cmake --install build/release --prefix ~/gnomon']=60
  ['cmake -S examples/own-model -B build/own-model -DCMAKE_PREFIX_PATH=$HOME/gnomon && cmake --build build/own-model']=180
)

# What is stopped later than usual: on a busy host it has not begun before, and the next line needs what it leaves.
declare -A stopped_later=(
  ['./gnomon train gpt-nano --data brown --steps 2000']=40
)

# What is not run, and why.
declare -A not_run=(
  ['./gnomon demo']='installs packages, and its study alone takes minutes'
  ['./gnomon test']='is the step test'
  ['./gnomon test stats']='is part of the step test'
  ['./gnomon test -L layers -V']='is part of the step test'
  ['.ci/run']='would run itself'
  ['build/release/test/reliability/test_kills train 1000']='takes hours; the test reliability.kills does some rounds of it'
  ['cmake --preset fuzz && ninja -C build/fuzz fuzzers']='is part of the step fuzz'
  ['mkdir -p build/corpus && build/fuzz/fuzz/fuzz_ir_text -runs=1000000 build/corpus fuzz/seeds/ir_text']='is part of the step fuzz'
  ['./gnomon agreement']='installs PyTorch, over the network'
  ['./gnomon agreement --json lenet.sgd']='needs PyTorch'
  ['./gnomon agreement --curves']='needs PyTorch'
  ['./gnomon agreement --train-gpt']='needs PyTorch'
  ['./gnomon bench train']='installs PyTorch, over the network'
  ['./gnomon bench train --model lenet --precision f32']='needs PyTorch'
  ["sqlite3 runs/records.sqlite 'SELECT configuration, wall_seconds FROM replicate WHERE run = 1'"]='needs a program that ./gnomon does not install'
)

# Without a network there may be no Brown corpus, which the language models of the pages learn from.
no_corpus=
tools/fetch-data brown >/dev/null || no_corpus='the Brown corpus cannot be fetched'

# Kernels may refuse to sample.
if ! ./gnomon train mlp --examples 128 --batch 64 --epochs 1 --run none --out "$work/m" --stacks "$work/m.folded" >"$work/log" 2>&1; then
  not_run['./gnomon train lenet --epochs 1 --examples 6400 --stacks run.folded']=$(tail -n 1 "$work/log")
  not_run['./gnomon profile run.folded']='has no file to profile'
fi

# Options of programs that are not ours.
foreign_options=(--preset --test-dir --install --prefix --build --gtest_filter)

# What reads like a file of the project but is none.
declare -A no_file=(
  ['runs/stages']='made by a study'
  ['runs/records.sqlite']='made by a study'
  ['runs/MODEL-N/']='made by training'
  ['checkpoints/']='made by training'
  ['dist/report.html']='made by npm'
  ['folder/']='stands for the reader'"'"'s own'
  ['gradient/<parameter>']='an output of programs'
)

fail() {
  echo "$1: $2" >&2
  failures=$((failures + 1))
}

# The code blocks of a page: its indented lines, and those between fences. One line each: number, block, the
# file that the text above tells to save the block as, and the text.
read_blocks() {
  awk '
    function put(text) { printf "%d\037%d\037%s\037%s\n", NR, block, name, text }
    function start() {
      block++
      name = ""
      if (match(above, /Save this as `[^`]+`:$/)) name = substr(above, RSTART + 14, RLENGTH - 16)
    }
    /^```/ { if (fenced = !fenced) start(); next }
    fenced { put($0); next }
    /^    / && (blank || indented) { if (!indented) start(); indented = 1; put(substr($0, 5)); next }
    /^[ \t]*$/ { blank = 1; if (indented) held++; next }
    { above = $0; blank = indented = 0 }' "$1"
}

begins_a_command() {
  [[ $1 =~ ^(\./gnomon|\.ci/run|tools/|build/|cmake|ctest|ninja|mkdir|sqlite3|for)( |$|[a-z]) ]]
}

# A copy of what a clean checkout has, which builds where this tree does.
make_room() {
  mkdir -p "$1"
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z | xargs -0 cp -a --parents -t "$1"
  else
    tar --exclude=./build --exclude=./runs --exclude=node_modules -cf - . | tar -C "$1" -xf -
  fi
  mkdir -p "$1/build" "$1/home"
  ln -sfn "$root/gnomon" "$1/gnomon"
  ln -s "$root/build/release" "$1/build/release"
}

# run_command PLACE COMMAND KEY: KEY is how the lists above call it.
run_command() {
  local limit=${longer[$3]-${stopped_later[$3]-$usual_limit}} code=0 start=$SECONDS seconds
  used[$3]=1
  if [ -n "${not_run[$3]-}" ]; then
    echo "$1: not run, ${not_run[$3]}: $3"
    return
  fi
  if [ -n "$no_corpus" ] && [[ $3 == *gpt-* ]]; then
    echo "$1: not run, $no_corpus: $3"
    return
  fi
  [ -d "$room" ] || make_room "$room"
  (cd "$room" && HOME=$room/home XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache} \
    timeout --preserve-status --signal=INT --kill-after=60 "$limit" bash -c "$2") >"$work/log" 2>&1 || code=$?
  seconds=$((SECONDS - start))
  if [ "$code" = 0 ]; then
    echo "$1: $seconds s: $3"
  elif [ "$code" = 130 ] && [ "$seconds" -ge "$usual_limit" ] && [ -z "${longer[$3]-}" ]; then
    echo "$1: stopped after $limit s: $3"
  else
    fail "$1" "exit code $code after $seconds s: $3"
    tail -n 30 "$work/log" | sed 's/^/  /' >&2
  fi
}

# Runs the commands of a page. Lines up to where the shell finds them complete are one command.
run_page() {
  local page=$1 line block name text last=0 commands='' pending='' place='' key=''
  room=$work/${page//\//-}
  while IFS=$'\037' read -r line block name text; do
    if [ "$block" != "$last" ]; then
      [ -z "$pending" ] || fail "$place" "is no complete command: $key"
      last=$block pending='' commands=''
      if [ -n "$name" ]; then
        [ -d "$room" ] || make_room "$room"
        : >"$room/$name"
      elif begins_a_command "$text"; then
        commands=yes
      fi
    fi
    if [ -n "$name" ]; then
      printf '%s\n' "$text" >>"$room/$name"
    elif [ -n "$commands" ]; then
      [ -n "$pending" ] || { place=$page:$line key=$(sed 's/  *#.*//' <<<"$text"); }
      pending+=$text$'\n'
      if bash -n -c "$pending" 2>/dev/null; then
        # Two of ours in one line are two commands: what follows the first works although that was stopped.
        case $key in
          './gnomon '*' && ./gnomon '*)
            run_command "$place" "${key%% && *}" "${key%% && *}"
            run_command "$place" "${key#* && }" "${key#* && }"
            ;;
          *) run_command "$place" "$pending" "$key" ;;
        esac
        pending=''
      fi
    elif [[ $text == ./gnomon* || $text == "gnomon "* ]]; then
      fail "$page:$line" "is not run: its block does not begin with a command that a reader can type here: $text"
    fi
  done < <(read_blocks "$page")
  [ -z "$pending" ] || fail "$place" "is no complete command: $key"
}

run_pages() {
  declare -gA used=()
  local page key
  for page in "${pages[@]}"; do
    [ "$page" = doc/recipes.md ] || run_page "$page"  # the step recipes follows that one
  done
  for key in "${!not_run[@]}" "${!longer[@]}" "${!stopped_later[@]}"; do
    [ -n "${used[$key]-}" ] || fail test/documents/run.sh "no page has this command: $key"
  done
}

# The help of a command and of those below it.
help_of() {
  local help name
  help=$(./gnomon "$@" --help)
  printf '%s\n' "$help"
  for name in $(sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' <<<"$help"); do help_of "$@" "$name"; done
}

check_options() {
  local place option
  { help_of && cat tools/fetch-data tools/draw-layers tools/pytorch-agreement bench/train.cc; } >"$work/help"
  printf '%s\n' "${foreign_options[@]}" >>"$work/help"
  while IFS=: read -r page line option; do
    grep -qE -- "(^|[^a-z-])$option([^a-z_-]|\$)" "$work/help" || fail "$page:$line" "nothing has an option $option"
  done < <(grep -noE -- '(^|[^A-Za-z0-9-])--[a-z][a-z0-9_-]*' "${pages[@]}" | sed 's/:[^-]*--/:--/' | sort -u)
  for option in "${foreign_options[@]}"; do
    grep -qF -- "$option" "${pages[@]}" || fail test/documents/run.sh "no page has the option $option"
  done
}

# Files named between backticks, by the end of their path, with * or <name> for any part of it; and the targets of links.
check_files() {
  local page line piece target known=$work/files
  declare -A seen=()
  find . \( -path ./build -o -path ./runs -o -path ./.git -o -name node_modules \) -prune -o -type f -print | sed 's|^\./||' >"$known"
  sed -n 's/^Create `\(.*\)`:$/\1/p' doc/recipes.md >>"$known"
  while IFS=: read -r page line piece; do
    piece=${piece//\`/} piece=${piece#./}
    seen[$piece]=1
    [ -z "${no_file[$piece]-}" ] || continue
    target=$(sed 's|/$||; s/[.]/\\./g; s/<[a-z]*>/*/g; s/[*]/[^\/]*/g' <<<"$piece")
    grep -qE "(^|/)$target(/|\$)" "$known" || fail "$page:$line" "there is no file $piece"
  done < <(grep -noE '`[A-Za-z0-9_.*<>-]*(/[A-Za-z0-9_.*<>-]*)+`|`[A-Za-z0-9_*-]+\.(cc|h|md|sh|yaml|ts|mjs|py|proto|cmake)`' "${pages[@]}")
  while IFS=: read -r page line piece; do
    target=${piece#']('} target=${target%')'} target=${target%%#*}
    case $target in https://* | '') continue ;; esac
    [ -e "$(dirname "$page")/$target" ] || fail "$page:$line" "the link leads nowhere: $target"
  done < <(grep -noE '\]\([^) ]+\)' "${pages[@]}")
  for piece in "${!no_file[@]}"; do
    [ -n "${seen[$piece]-}" ] || fail test/documents/run.sh "no page names $piece"
  done
}

check_files
check_options
run_pages
[ "$failures" = 0 ] || { echo "$failures failures" >&2; exit 1; }
rm -rf "$work"
