# SPDX-License-Identifier: ISC
# setup.sh - installs what is missing and prepares build/; run.sh and demo.sh read it with ".".
# Both set top to the checkout first.

build=$top/build
packages_build='autoconf automake libtool make gcc libc6-dev pkg-config libfcgi-dev libsqlite3-dev
	libsodium-dev'
packages_server='lighttpd'
packages_browser='chromium python3 wget'
# Commands that are there already may be from packages that do not go with Debian's.
command -v node >/dev/null && command -v npm >/dev/null ||
	packages_browser="$packages_browser nodejs npm"
packages_e2e="$packages_server lighttpd-mod-openssl apache2-bin libapache2-mod-fcgid nginx-light
	fcgiwrap caddy spawn-fcgi multiwatch openssl libfcgi-bin systemd $packages_browser"
packages_stores='redis-server redis-sentinel mariadb-server galera-4 rsync libhiredis-dev
	libmariadb-dev'
packages_test="$packages_e2e $packages_stores sqlite3 curl mandoc valgrind clang
	libclang-rt-14-dev cppcheck xz-utils"
packages_bench="$packages_server curl valgrind wrk php-fpm"

# Servers for our own use: whoever did not have them before must not find them at their ports,
# neither now nor after the next start of the machine.
services='caddy.service fcgiwrap.service fcgiwrap.socket lighttpd.service nginx.service
	mariadb.service redis-server.service redis-sentinel.service rsync.service'

# Those of them that are not installed.
absent_services()
{
	for service in $services; do
		[ -e "/lib/systemd/system/$service" ] || echo "$service"
	done
}

# disable_services NAME...: of those that have come, let none start with the machine.
disable_services()
{
	command -v systemctl >/dev/null || return 0
	for service; do
		if [ -e "/lib/systemd/system/$service" ]; then
			$as_root env SYSTEMD_OFFLINE=1 systemctl --quiet disable "$service" || return
		fi
	done
}

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
	absent=$(absent_services)
	# With these two neither systemd nor System V init starts what was just installed.
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
		$as_root env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 \
			apt-get -q -y --no-install-recommends install $missing &&
		disable_services $absent
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
