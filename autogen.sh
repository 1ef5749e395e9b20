#!/bin/sh
# SPDX-License-Identifier: ISC
# autogen.sh - make configure and Makefile.in from their sources. Never touches the network.

cd "$(dirname "$0")" || exit 1

for tool in autoreconf automake libtoolize pkg-config; do
	if ! command -v "$tool" >/dev/null; then
		echo "autogen.sh: $tool is missing; on Debian:" >&2
		echo "  apt-get install autoconf automake libtool pkg-config" >&2
		exit 1
	fi
done

exec autoreconf --force --install --warnings=all,error
