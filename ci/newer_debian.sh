# Sourced by the scripts beside it: packages of Debian 13 for an older Debian, without root and without changing what
# this computer installs.
suite=trixie

cache=${XDG_CACHE_HOME:-$HOME/.cache}
case $cache in /*) ;; *) cache=$HOME/.cache ;; esac

# begin_packages deb|deb-src WANTED: a working folder in $work, and apt in $apt that knows of that suite alone. WANTED is
# what else brings it, for the message.
begin_packages() {
  local kind=$1 wanted=$2 site
  # The package site is the one that this computer uses already; only the suite is another.
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
  if [ -z "$site" ]; then
    echo "no Debian package site is configured on this computer; run apt-get update, or $wanted" >&2
    exit 1
  fi
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$work/sources.list"
  apt=(
    apt-get -qq
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
    -o APT::Sandbox::User=
  )
  "${apt[@]}" update
}

# keep FOLDER TARGET: puts a complete folder in its place in one step. An interrupted run leaves nothing that looks so.
keep() {
  mkdir -p "$(dirname "$2")"
  rm -rf "$2.new"
  cp -a "$1" "$2.new"
  rm -rf "$2"
  mv "$2.new" "$2"
}
