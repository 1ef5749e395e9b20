# SPDX-License-Identifier: ISC
# setup.sh - installs what is missing and prepares build/; run.sh and demo.sh read it with ".".
# Both set top to the checkout first.

build=$top/build
packages_build='autoconf automake libtool make gcc libc6-dev pkg-config libfcgi-dev libsqlite3-dev
	libsodium-dev'
packages_server='lighttpd'
packages_test="$packages_server sqlite3 curl mandoc valgrind clang libclang-rt-14-dev cppcheck
	xz-utils"
packages_bench="$packages_server curl valgrind wrk php-fpm"

has_package()
{
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NAME...: Debian packages; nothing is asked of the network if all are there.
install_packages()
{
	command -v dpkg-query >/dev/null || {
		echo "This is no Debian; taken to be installed already: $*" >&2
		return 0
	}
	missing=
	for package; do
		has_package "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif sudo -n true 2>/dev/null || { [ -t 0 ] && sudo true; }; then
		as_root=sudo
	else
		echo "Packages are missing, and this is neither root nor may it use sudo." >&2
		echo "Have them installed first:  apt-get install$missing" >&2
		return 1
	fi
	echo "Installing$missing"
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
			--no-install-recommends install $missing
}

# Make configure, unless it is there; from then on make keeps all of it up to date.
bootstrap()
{
	[ -f "$top/configure" ] && [ -f "$top/Makefile.in" ] || "$top/autogen.sh"
}

# configure_build [OPTION]...: into build/, unless that was done with these options already; without
# options, as it was done the last time.
configure_build()
{
	mkdir -p "$build" && cd "$build" || return
	if [ ! -f Makefile ] || { [ $# != 0 ] && [ "$(cat .configured 2>/dev/null)" != "$*" ]; }; then
		"$top/configure" "$@" && echo "$*" >.configured
	fi
}

processors()
{
	getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}
