#!/usr/bin/env bash
# refusals.sh: the check of the check: follow.sh follows a small page, and names the line of each page that it cannot follow.
set -euo pipefail
follow=$(dirname "$(readlink -f "$0")")/follow.sh
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/doc"
printf 'one\n  two `2`\nthree\n' >"$room/list"

# expect WHAT: follow.sh says so of the page on standard input; nothing means that it follows all of it.
expect() {
  cat >"$room/doc/recipes.md"
  local said
  said=$("$follow" "$room" 2>&1 >/dev/null) || :
  if [ "$said" != "$1" ]; then
    echo "expected: $1" >&2
    echo "     got: $said" >&2
    exit 1
  fi
}

expect '' <<'END'
Create `new/file`:

```
- zero
```

In `list`, below the line ``two `2` ``, add:

```
2a
```

In `list`, above the line `th…`, add:

```
2b
```

In `list`, the line `one` becomes:

```
1
```

Run:

```sh
test "$(tr '\n' ' ' <list)" = '1   two `2` 2a 2b three '
grep -q zero new/file
```
END

expect 'doc/recipes.md:3: exit code 1: false' <<'END'
Run:
```sh
false
```
END

expect 'doc/recipes.md:1: list has 0 lines that read: four' <<'END'
In `list`, below the line `four`, add:
```
5
```
END

expect 'doc/recipes.md:1: list has 2 lines that read: t…' <<'END'
In `list`, the line `t…` becomes:
```
```
END

expect 'doc/recipes.md:1: there is no lists' <<'END'
In `lists`, below the line `one`, add:
```
```
END

expect 'doc/recipes.md:1: list is there already' <<'END'
Create `list`:
```
```
END

expect 'doc/recipes.md:2: no instruction stands above this block' <<'END'
For instance:
```
one
```
END

expect 'doc/recipes.md:1: no block follows this instruction' <<'END'
Run:

as you like.
END

expect 'doc/recipes.md:1: an instruction in other words; see how they are written' <<'END'
In `list`, after the line `one`, put:
END

expect 'doc/recipes.md:2: an indented block is not followed; fence it' <<'END'
Run:
    false
END

echo "follow.sh names what it cannot follow"
