# SPDX-License-Identifier: ISC
# browser.sh - the samples behind lighttpd, by HTTP and HTTPS, in a real browser: headless Chromium,
# driven by the modules in browser/. Pictures of all pages stay in tests/e2e/screenshots of the
# build directory.

. "${top_srcdir:=.}/tests/e2e/server.sh"

modules=$top_builddir/tests/e2e/modules
screenshots=$top_builddir/tests/e2e/screenshots
chromium=$(command -v chromium) || bail "no chromium"

# There is no probe in this server.
is_up()
{
	kill -0 "$server" || bail "the server ended: $(logs)"
	curl -s -f -o "$dir/nothing" -m 5 "$http/counter" &&
		curl -s -f -o "$dir/nothing" -m 5 --cacert "$dir/cert.pem" "$https/counter"
}

# What package.json names, exactly as package-lock.json has it; once for each build directory.
install_modules()
{
	mkdir -p "$modules" || bail "cannot make $modules"
	if ! cmp -s "$top_srcdir/tests/e2e/package-lock.json" "$modules/installed"; then
		cp "$top_srcdir/tests/e2e/package.json" "$top_srcdir/tests/e2e/package-lock.json" \
			"$modules" &&
			(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund) \
				>"$dir/npm.log" 2>&1 &&
			cp "$top_srcdir/tests/e2e/package-lock.json" "$modules/installed" ||
			bail "cannot install what Chromium is driven with: $(cat "$dir/npm.log")"
	fi
	cp "$top_srcdir"/tests/e2e/browser/*.mjs "$modules" || bail "cannot copy the modules"
}

# Number the cases of the suites as they come in; sets finished to how they ended.
run_suites()
{
	mkdir -p "$screenshots" "$dir/home" && rm -f "$screenshots"/*.png && mkfifo "$dir/tap" ||
		bail "cannot make a place for pictures"
	env HOME="$dir/home" TMPDIR="$dir" SITE_HTTP="$http" SITE_HTTPS="$https" \
		SITE_CERT="$dir/cert.pem" SITE_PASSWORD="$password" \
		SITE_BROWSER="$chromium" SITE_SCREENSHOTS="$screenshots" \
		node "$modules/main.mjs" >"$dir/tap" 2>"$dir/node.log" &
	suites=$!
	processes="$processes $suites"
	while IFS= read -r line; do
		case $line in
			'ok - '*) ok "${line#ok - }" true ;;
			'not ok - '*) ok "${line#not ok - }" false ;;
			*) printf '%s\n' "$line" ;;
		esac
	done <"$dir/tap"
	wait "$suites"
	finished=$?
}

# lighttpd tells its programs to end, and does not wait for them.
nothing_left()
{
	[ -z "$(leftovers)" ]
}

install_modules
prepare $all_programs
configure
cat "$dir/conf/lighttpd.conf" "$dir/conf/lighttpd-tls.conf" >"$dir/conf/all.conf"
chmod 644 "$dir/conf/all.conf"
start_server env LIFETIME=2 lighttpd -D -f "$dir/conf/all.conf"
run_suites
is "all suites ran to their end" "$finished$(cat "$dir/node.log")" 0
empty "no program had a fault" "$(grep -i fault "$dir/data/programs.log")"
stop_all
await nothing_left >"$dir/nothing"
empty "no process is left" "$(leftovers)"
done_testing
