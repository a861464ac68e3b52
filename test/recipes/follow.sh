#!/usr/bin/env bash
# follow.sh [ROOT]: does what ROOT/doc/recipes.md says, to the letter and in order, in a copy of ROOT's files below ROOT/build.
# The page says how its instructions are written. The first that cannot be done fails, named by its line.
set -euo pipefail
exec </dev/null
root=$(cd "${1:-$(dirname "$0")/../..}" && pwd)
page=doc/recipes.md
work=$root/build/recipes
tree=$work/tree
rm -rf "$work"
mkdir -p "$tree" "$work/blocks"

fail() {
  echo "$page:$1: $2" >&2
  exit 1
}

# What a clean checkout has. The libraries of the report's page are fetched once for all trees.
copy_tree() {
  if git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    (cd "$root" && git ls-files -z | xargs -0 cp -a --parents -t "$tree")
  else
    tar -C "$root" --exclude=./build --exclude=./runs --exclude=node_modules -cf - . | tar -C "$tree" -xf -
  fi
  if [ -d "$root/web/report/node_modules" ]; then ln -s "$root/web/report/node_modules" "$tree/web/report/node_modules"; fi
}

# Writes every block of the page to a file of its own and prints its instruction: line, kind, path and line of the file, and the
# block's file, separated by a control character that no page holds.
read_page() {
  awk -v page="$page" -v blocks="$work/blocks" '
    function fail(line, what) { print page ":" line ": " what >"/dev/stderr"; failed = 1; exit 1 }
    # Takes the next piece of code off `rest`: between backticks, or pairs of them and a space if it holds one.
    function code(    mark, piece, end) {
      match(rest, /`+/)
      mark = substr(rest, RSTART, RLENGTH)
      rest = substr(rest, RSTART + RLENGTH)
      end = index(rest, mark)
      piece = substr(rest, 1, end - 1)
      rest = substr(rest, end + length(mark))
      if (length(mark) > 1) gsub(/^ | $/, "", piece)
      return piece
    }
    function instruct(what) {
      if (kind != "") fail(line, "no block follows this instruction")
      kind = what; line = NR; path = anchor = ""
    }
    /^```/ && !inside {
      if (kind == "") fail(NR, "no instruction stands above this block")
      inside = 1
      block = sprintf("%s/%03d", blocks, ++count)
      printf "" >block
      printf "%s\037%s\037%s\037%s\037%s\n", kind == "run" ? NR : line, kind, path, anchor, block
      kind = ""
      next
    }
    /^```/ { inside = 0; close(block); next }
    inside { print >block; next }
    /^    / { fail(NR, "an indented block is not followed; fence it") }
    /^Run:$/ { instruct("run"); next }
    /^Create `[^`]+`:$/ { instruct("create"); rest = $0; path = code(); next }
    /^In `[^`]+`, (below|above) the line `.+`, add:$/ {
      instruct($0 ~ /^In `[^`]+`, below/ ? "below" : "above"); rest = $0; path = code(); anchor = code(); next
    }
    /^In `[^`]+`, the line `.+` becomes:$/ { instruct("becomes"); rest = $0; path = code(); anchor = code(); next }
    NF && kind != "" { fail(line, "no block follows this instruction") }
    /:$/ && /^(Create|In|Run)/ { fail(NR, "an instruction in other words; see how they are written") }
    END {
      if (failed) exit 1
      if (inside) fail(NR, "the last block does not end")
      if (kind != "") fail(line, "no block follows this instruction")
    }' "$root/$page"
}

create() {
  [ ! -e "$tree/$path" ] || fail "$line" "$path is there already"
  mkdir -p "$(dirname "$tree/$path")"
  cp "$block" "$tree/$path"
}

# Puts the block below, above or in place of the one line that reads `anchor`, or starts so if that ends in "…".
change() {
  [ -f "$tree/$path" ] || fail "$line" "there is no $path"
  local matches
  matches=$(kind=$kind anchor=$anchor block=$block changed=$work/changed awk '
    BEGIN {
      kind = ENVIRON["kind"]; anchor = ENVIRON["anchor"]; changed = ENVIRON["changed"]
      starts = sub(/…$/, "", anchor)
      while ((getline line <ENVIRON["block"]) > 0) text = text line "\n"
      printf "" >changed
    }
    {
      line = $0
      gsub(/^[ \t]+|[ \t]+$/, "", line)
      hit = starts ? index(line, anchor) == 1 : line == anchor
      matches += hit
      if (hit && kind != "below") printf "%s", text >changed
      if (!hit || kind != "becomes") print >changed
      if (hit && kind == "below") printf "%s", text >changed
    }
    END { print matches + 0 }' "$tree/$path")
  [ "$matches" = 1 ] || fail "$line" "$path has $matches lines that read: $anchor"
  cat "$work/changed" >"$tree/$path"
}

run() {
  local command number=$line start code
  while IFS= read -r command; do
    number=$((number + 1))
    [ -n "$command" ] || continue
    start=$SECONDS code=0
    (cd "$tree" && bash -euo pipefail -c "$command") >"$work/log" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
      tail -n 60 "$work/log" >&2
      fail "$number" "exit code $code: $command"
    fi
    echo "$page:$number: $((SECONDS - start)) s: $command"
  done <"$block"
}

copy_tree
read_page >"$work/instructions"
while IFS=$'\037' read -r line kind path anchor block; do
  case $kind in
    create) create ;;
    run) run ;;
    *) change ;;
  esac
done <"$work/instructions"
echo "$(wc -l <"$work/instructions") blocks of $page followed"
