#!/bin/sh
# run_case.sh CASE: checks what ./gnomon does on machines that this one is not. The script runs in a copy of its own, with
# stand-ins in front of PATH that log their words to $calls and act on the files of $world:
#   $world/installed  the packages there are    $world/root       present if we are root
#   $world/fail       how often apt-get fails, and with what message
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
world=$work/world project="$work/project" calls=$work/calls bin=$work/bin
export world calls
mkdir -p "$world" "$bin" "$project/tools"
cp "$source/gnomon" "$project/"
cp -r "$source/tools/packages" "$project/tools/"
: >"$calls"
touch "$world/installed"

fail() {
  echo "FAILED: $*" >&2
  echo "--- output" >&2
  cat "$work/out" >&2
  echo "--- calls" >&2
  cat "$calls" >&2
  exit 1
}

stand_in() {
  { echo '#!/bin/sh' && cat; } >"$bin/$1"
  chmod +x "$bin/$1"
}

stand_in id <<'END'
if [ -e "$world/root" ]; then echo 0; else echo 1000; fi
END
stand_in dpkg-query <<'END'
while read -r package; do echo "$package installed"; done <"$world/installed"
END
stand_in dpkg <<'END'
echo "dpkg $*" >>"$calls"
case $1 in
  --audit) if [ -e "$world/half_installed" ]; then echo "half-installed"; fi ;;
  --configure) rm -f "$world/half_installed" ;;
esac
END
stand_in apt-get <<'END'
echo "apt-get $*" >>"$calls"
if [ -s "$world/fail" ]; then
  sed -n 1p "$world/fail"
  sed -i 1d "$world/fail"
  exit 100
fi
case " $* " in
  *' install '*)
    for word; do
      case $word in -* | install) ;; *) echo "$word" >>"$world/installed" ;; esac
    done ;;
esac
END
stand_in sleep <<'END'
exit 0
END
stand_in node <<'END'
exit 1
END
stand_in npm <<'END'
exit 1
END
# Configuring and building make a program that shows its words and its folder, and ends with 7.
stand_in cmake <<'END'
echo "cmake $*" >>"$calls"
while [ "$1" != -S ]; do shift; done
mkdir -p "$2/build/release"
touch "$2/build/release/build.ninja"
END
stand_in ninja <<'END'
echo "ninja $*" >>"$calls"
if [ -e "$world/building" ]; then echo "two builds at once" >>"$calls"; fi
touch "$world/building"
/bin/sleep "${build_time:-0}"
rm "$world/building"
printf '#!/bin/sh\nprintf "<%%s>" "$PWD" "$@"\nexit 7\n' >"$2/gnomon"
chmod +x "$2/gnomon"
END

install_everything() { sed 's/ *#.*//; /^$/d' "$source"/tools/packages/*.txt >"$world/installed"; }

# Runs the script; its output, both streams, is in $work/out and its code in $code.
gnomon() {
  code=0
  PATH="$bin:$PATH" "$project/gnomon" "$@" >"$work/out" 2>&1 </dev/null || code=$?
}
ends_with() { [ "$code" = "$1" ] || fail "ended with $code, not $1"; }
says() { grep -qF -- "$1" "$work/out" || fail "does not say: $1"; }
called() { grep -qF -- "$1" "$calls" || fail "not called: $1"; }
not_called() { if grep -qF -- "$1" "$calls"; then fail "called: $1"; fi; }
all_but() { # the demo set, in its order, without the packages named
  sed 's/ *#.*//; /^$/d' "$source/tools/packages/demo.txt" | grep -vxF "$1" | tr '\n' ' ' | sed 's/ $//'
}

no_rights() { # neither root nor sudo: the exact line, and nothing done
  echo cmake >"$world/installed"
  ln -s /bin/* /usr/bin/* "$bin/" 2>/dev/null || :
  rm -f "$bin/sudo"
  code=0
  PATH="$bin" "$project/gnomon" demo >"$work/out" 2>&1 </dev/null || code=$?
  ends_with 3
  says "  apt-get update && apt-get install --no-install-recommends -y $(all_but cmake)"
  not_called apt-get
  not_called ninja
}

with_sudo() { # announced before it is used
  stand_in sudo <<'END'
echo "sudo $*" >>"$calls"
if [ "$1" != -n ]; then exec "$@"; fi
END
  gnomon demo
  ends_with 7
  says "about to install Debian packages: sudo apt-get install --no-install-recommends -y $(all_but none)"
  called "sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive"
}

nothing_missing() { # neither asks apt nor configures twice
  install_everything
  gnomon demo
  gnomon demo
  ends_with 7
  not_called apt-get
  [ "$(grep -c '^cmake' "$calls")" = 1 ] || fail "configured again"
}

words_pass_through() { # unchanged, in the caller's folder, with the program's code
  install_everything
  mkdir "$work/elsewhere"
  ln -s "$project/gnomon" "$work/link"
  cd "$work/elsewhere"
  code=0
  PATH="$bin:$PATH" "$work/link" no-such-word 'two words' '' '*' >"$work/out" 2>&1 </dev/null || code=$?
  ends_with 7
  says "<$work/elsewhere><no-such-word><two words><><*>"
}

interrupted_installation() { # repeated after apt or dpkg was killed
  touch "$world/root" "$world/half_installed"
  printf 'E: interrupted\nE: interrupted\n' >"$world/fail"
  gnomon demo
  ends_with 3
  gnomon demo
  ends_with 7
  called "dpkg --configure -a"
  called "--fix-broken install"
}

lock_held() { # waits for the other package manager, and says so
  touch "$world/root"
  printf 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)\n%.0s' 1 2 3 >"$world/fail"
  gnomon demo
  ends_with 7
  says "waiting for another package manager to finish"
}

no_network() { # says so and leaves with 3
  touch "$world/root"
  printf "E: Failed to fetch: Temporary failure resolving 'archive'\n%.0s" 1 2 >"$world/fail"
  gnomon demo
  ends_with 3
  says "cannot reach the Debian archive"
}

moved_copy() { # a copy of the folder is configured anew: its build refers to the old place
  install_everything
  gnomon demo
  mv "$project" "$work/moved"
  project=$work/moved
  gnomon demo
  ends_with 7
  [ "$(grep -c '^cmake' "$calls")" = 2 ] || fail "not configured anew"
}

parallel_calls() { # build one after the other
  install_everything
  build_time=1 && export build_time
  gnomon demo & # its output is the second's concern
  first=$!
  until grep -q '^ninja' "$calls"; do :; done
  PATH="$bin:$PATH" "$project/gnomon" demo >"$work/second" 2>&1 </dev/null || :
  wait "$first"
  grep -q "waiting for another" "$work/second" || fail "the second did not wait"
  not_called "two builds at once"
}

read_only() { # a clear error; root may write anywhere, so a file stands in the way instead
  install_everything
  touch "$project/build"
  gnomon demo
  ends_with 3
  says "cannot write to $project/build"
}

path_with_spaces() {
  install_everything
  mkdir "$work/two words"
  mv "$project" "$work/two words/a 'project'"
  project="$work/two words/a 'project'"
  gnomon demo --json
  ends_with 7
  says "<--json>"
}

case=$1
shift
"$case"
echo "$case: as expected"
