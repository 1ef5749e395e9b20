# SPDX-License-Identifier: ISC
# tests/local.mk - "make check" runs the everyday tests; run.sh runs all there are.

# Each program is made of tests/NAME.c and of what it uses from libsupport.la; it sees all of the
# library's insides. Unit tests have little to do with disks.
unit_tests = \
	%D%/test_buffer \
	%D%/test_config \
	%D%/test_config_file \
	%D%/test_cookie_parse \
	%D%/test_cookie_write \
	%D%/test_environ \
	%D%/test_error \
	%D%/test_expiry \
	%D%/test_form \
	%D%/test_json \
	%D%/test_json_real \
	%D%/test_keys \
	%D%/test_lines \
	%D%/test_lines_input \
	%D%/test_page \
	%D%/test_passwords \
	%D%/test_remote \
	%D%/test_remote_lookup \
	%D%/test_store_url \
	%D%/test_token \
	%D%/test_url \
	%D%/test_utf8 \
	%D%/test_values \
	%D%/test_values_map \
	%D%/test_values_size

# The rules of life on a fake clock, by whole requests; each against every store of this machine.
life_tests = \
	%D%/test_admin \
	%D%/test_begin \
	%D%/test_carry \
	%D%/test_carry_end \
	%D%/test_collect \
	%D%/test_commit \
	%D%/test_csrf \
	%D%/test_destroy \
	%D%/test_flash \
	%D%/test_headers \
	%D%/test_hostile \
	%D%/test_kit \
	%D%/test_login \
	%D%/test_once \
	%D%/test_remember \
	%D%/test_renewal \
	%D%/test_rotate \
	%D%/test_seal \
	%D%/test_stats \
	%D%/test_thief

# The contract of stores and the races, one small program per store URL.
store_tests = \
	%D%/contract_cookie \
	%D%/contract_file \
	%D%/test_gate \
	%D%/test_item \
	%D%/contract_memory \
	%D%/contract_sqlite \
	%D%/contract_move \
	%D%/store_broken \
	%D%/test_home \
	%D%/test_home_marks \
	%D%/test_home_restore \
	%D%/test_move_many \
	%D%/test_store_file \
	%D%/test_store_file_faults \
	%D%/test_store_file_restore \
	%D%/test_store_file_tidy \
	%D%/test_store_memory \
	%D%/test_store_move \
	%D%/test_store_sqlite \
	%D%/test_store_sqlite_collect \
	%D%/test_store_sqlite_hand \
	%D%/test_store_sqlite_plans \
	%D%/test_store_sqlite_rows \
	%D%/test_store_sqlite_tally \
	%D%/test_store_sqlite_walk \
	%D%/test_store_sqlite_writers

# Crowds of processes and threads; slow_tests also run with SESS_SLOW set, and then take minutes.
race_tests = \
	%D%/races_memory \
	%D%/races_move \
	%D%/races_sqlite \
	$(slow_tests)

# What waits for the disk so much that it is no everyday test.
lengthy_tests = %D%/races_file

slow_tests = \
	%D%/faults/damage \
	%D%/faults/disk \
	%D%/faults/environment \
	%D%/faults/fork \
	%D%/faults/hammer \
	%D%/faults/kill \
	%D%/faults/lineage \
	%D%/faults/oom \
	%D%/faults/power \
	%D%/faults/power_file \
	%D%/faults/races \
	%D%/faults/threads

# Those that start threads also run under the thread sanitizer; races_sqlite is about processes, of
# which it knows nothing, and takes very long there.
threaded_tests = \
	%D%/contract_file \
	%D%/contract_memory \
	%D%/contract_sqlite \
	%D%/races_memory \
	%D%/test_remote_lookup \
	%D%/test_store_memory \
	%D%/faults/lineage \
	%D%/faults/races \
	%D%/faults/threads

script_tests = \
	%D%/test_docs.sh \
	%D%/module.sh \
	%D%/sql_shell.sh \
	%D%/symbols.sh \
	%D%/style.sh \
	%D%/versions.sh

# The operator's command, on stores that tool_fill makes.
tool_tests = \
	%D%/tool_copy.sh \
	%D%/tool_copy_live.sh \
	%D%/tool_cron.sh \
	%D%/tool_docs.sh \
	%D%/tool_doctor.sh \
	%D%/tool_end.sh \
	%D%/tool_export.sh \
	%D%/tool_frame.sh \
	%D%/tool_gc.sh \
	%D%/tool_hostile.sh \
	%D%/tool_keys.sh \
	%D%/tool_list.sh \
	%D%/tool_matrix.sh \
	%D%/tool_stats.sh \
	%D%/tool_watch.sh

# With real web servers.
e2e_tests = \
	%D%/e2e/apache.sh \
	%D%/e2e/browser.sh \
	%D%/e2e/caddy.sh \
	%D%/e2e/clients.sh \
	%D%/e2e/cookie.sh \
	%D%/e2e/lighttpd.sh \
	%D%/e2e/lighttpd_table.sh \
	%D%/e2e/login.sh \
	%D%/e2e/nginx.sh \
	%D%/e2e/samples.sh \
	%D%/e2e/proxy.sh \
	%D%/e2e/spawn.sh

# With real database servers, where their client libraries are.
server_scripts = \
	%D%/servers/copy.sh \
	%D%/servers/copy_live.sh \
	%D%/servers/failures.sh \
	%D%/servers/galera.sh \
	%D%/servers/mysql_contract.sh \
	%D%/servers/mysql_store.sh \
	%D%/servers/power_galera.sh \
	%D%/servers/power_mysql.sh \
	%D%/servers/power_redis.sh \
	%D%/servers/redis_cluster.sh \
	%D%/servers/redis_contract.sh \
	%D%/servers/redis_failover.sh \
	%D%/servers/redis_sentinel.sh \
	%D%/servers/redis_store.sh
if WITH_REDIS
if WITH_MYSQL
server_tests = $(server_scripts) $(host_tests)
# Those with programs that have stores in them, and so run in a build without modules.
hostile_server_tests = %D%/servers/failures.sh %D%/servers/mysql_store.sh \
	%D%/servers/redis_store.sh
server_programs = %D%/servers/contract_url %D%/servers/failures_url %D%/servers/load_url \
	%D%/servers/powercut %D%/servers/races_url %D%/servers/test_store_mysql \
	%D%/servers/test_store_mysql_lost %D%/servers/test_store_redis $(host_programs)
if WITH_FCGI
host_tests = %D%/servers/hosts.sh
host_programs = %D%/servers/counter
endif
endif
endif

# Each fuzz target on a fixed number of inputs; check-fuzz runs them with libFuzzer.
fuzz_tests = \
	%D%/fuzz/fuzz_carried \
	%D%/fuzz/fuzz_config \
	%D%/fuzz/fuzz_cookie \
	%D%/fuzz/fuzz_cookie_write \
	%D%/fuzz/fuzz_environ \
	%D%/fuzz/fuzz_form \
	%D%/fuzz/fuzz_home \
	%D%/fuzz/fuzz_json \
	%D%/fuzz/fuzz_lines \
	%D%/fuzz/fuzz_store_url \
	%D%/fuzz/fuzz_token

# A sample program, by FastCGI itself.
if WITH_FCGI
sample_tests = %D%/test_app
endif

program_tests = $(unit_tests) $(sample_tests) $(fuzz_tests) $(life_tests) $(store_tests) $(race_tests)
TESTS = $(program_tests) $(script_tests) $(tool_tests)
if ALL_TESTS
TESTS += $(e2e_tests) $(server_tests) $(lengthy_tests)
endif

check_PROGRAMS += $(program_tests) $(lengthy_tests) %D%/tool_fill %D%/module_open \
	%D%/tool_modules %D%/servers/load_url
if WITH_FCGI
check_PROGRAMS += %D%/e2e/probe
endif
%C%_e2e_probe_LDADD = $(app_ldadd)
%C%_e2e_probe_LDFLAGS = $(sample_ldflags)
%C%_tool_fill_LDADD = lib/libsesskit_core.la
%C%_tool_modules_SOURCES = %D%/tool_modules.c $(tool_c_sources)
%C%_tool_modules_LDADD = lib/libsesskit_core.la
%C%_tool_modules_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS)
%C%_module_open_LDADD = lib/libsesskit_core.la
%C%_module_open_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS)
check_LTLIBRARIES += %D%/libsupport.la
%C%_libsupport_la_SOURCES = \
	%D%/tap.h \
	%D%/support.c \
	%D%/support.h \
	%D%/alloc.c \
	%D%/alloc.h \
	%D%/measure.h \
	%D%/session.c \
	%D%/session_visit.c \
	%D%/session.h \
	%D%/sqlite_fixture.h \
	%D%/file_fixture.h \
	%D%/servers/address.c \
	%D%/servers/address.h \
	%D%/store_contract.c \
	%D%/store_contract.h \
	%D%/store_contract_end.c \
	%D%/store_contract_handles.c \
	%D%/store_contract_hold.c \
	%D%/store_contract_item.c \
	%D%/store_contract_load.c \
	%D%/store_contract_many.c \
	%D%/store_contract_renew.c \
	%D%/store_contract_stats.c \
	%D%/store_contract_update.c \
	%D%/store_contract_walk.c \
	%D%/store_walked.c \
	%D%/store_walked.h \
	%D%/store_race.c \
	%D%/store_races.c \
	%D%/store_races.h
LDADD = %D%/libsupport.la lib/libsesskit_core.la

check_LTLIBRARIES += %D%/libfaults.la
%C%_libfaults_la_SOURCES = \
	%D%/faults/faults.c \
	%D%/faults/faults.h \
	%D%/faults/powervfs.c \
	%D%/faults/powervfs.h \
	%D%/faults/race.c \
	%D%/faults/race.h \
	%D%/faults/shelf.c \
	%D%/faults/shelf.h \
	%D%/faults/syscalls.c \
	%D%/faults/syscalls.h
faults_ldadd = %D%/libfaults.la $(LDADD)

check_PROGRAMS += $(server_programs)
server_ldadd = $(redis_library) $(mysql_library) $(LDADD)
%C%_servers_contract_url_SOURCES = %D%/servers/contract_url.c %D%/servers/provider.c
%C%_servers_contract_url_LDADD = $(server_ldadd)
%C%_servers_races_url_SOURCES = %D%/servers/races_url.c %D%/servers/provider.c
%C%_servers_races_url_LDADD = $(server_ldadd)
%C%_servers_failures_url_SOURCES = %D%/servers/failures_url.c %D%/servers/failures_url.h \
	%D%/servers/failures_calls.c %D%/servers/failures_names.c %D%/servers/flaky.c \
	%D%/servers/flaky.h %D%/servers/provider.c
%C%_servers_failures_url_LDADD = %D%/libfaults.la $(server_ldadd)
%C%_servers_failures_url_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getaddrinfo
%C%_servers_test_store_redis_SOURCES = %D%/servers/test_store_redis.c \
	%D%/servers/test_store_redis_lost.c %D%/servers/redis_fixture.c \
	%D%/servers/redis_fixture.h %D%/servers/flaky.c %D%/servers/flaky.h
%C%_servers_test_store_redis_CFLAGS = $(AM_CFLAGS) $(REDIS_CFLAGS)
%C%_servers_test_store_redis_LDADD = %D%/libfaults.la $(server_ldadd) $(REDIS_LIBS)
%C%_servers_test_store_mysql_SOURCES = %D%/servers/test_store_mysql.c %D%/servers/mysql_fixture.h
%C%_servers_test_store_mysql_CFLAGS = $(AM_CFLAGS) $(MYSQL_CFLAGS)
%C%_servers_test_store_mysql_LDADD = $(mysql_library) $(LDADD) $(MYSQL_LIBS)
%C%_servers_test_store_mysql_lost_SOURCES = %D%/servers/test_store_mysql_lost.c \
	%D%/servers/mysql_fixture.h
%C%_servers_test_store_mysql_lost_CFLAGS = $(AM_CFLAGS) $(MYSQL_CFLAGS)
%C%_servers_test_store_mysql_lost_LDADD = $(mysql_library) $(LDADD) $(MYSQL_LIBS)
%C%_servers_test_store_mysql_lost_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=mysql_stmt_execute_start -Wl,--wrap=mysql_stmt_errno
# A sample as a host of its own runs it, with modules.
%C%_servers_counter_SOURCES = %D%/tool_modules.c fcgi-apps/counter.c
%C%_servers_counter_LDADD = fcgi-apps/libapp.la lib/libsesskit_core.la $(FCGI_LIBS)
%C%_servers_counter_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS)
# Through the library as programs use it, with modules.
%C%_servers_load_url_SOURCES = %D%/servers/load_url.c %D%/servers/load_url.h \
	%D%/servers/load_work.c
%C%_servers_load_url_LDADD = $(faults_ldadd)
%C%_servers_load_url_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS)
%C%_servers_powercut_SOURCES = %D%/servers/powercut.c $(power_left)
%C%_servers_powercut_LDADD = $(faults_ldadd)
%C%_faults_damage_LDADD = $(faults_ldadd)
%C%_faults_disk_LDADD = $(faults_ldadd)
%C%_faults_environment_LDADD = $(faults_ldadd)
%C%_faults_fork_LDADD = $(faults_ldadd)
%C%_faults_hammer_LDADD = $(faults_ldadd)
%C%_faults_kill_LDADD = $(faults_ldadd)
%C%_faults_lineage_LDADD = $(faults_ldadd)
%C%_faults_oom_SOURCES = \
	%D%/faults/oom.c \
	%D%/faults/oom.h \
	%D%/faults/oom_alloc.c \
	%D%/faults/oom_requests.c
%C%_faults_oom_LDADD = $(faults_ldadd)
%C%_faults_power_SOURCES = %D%/faults/power.c $(power_plant)
%C%_faults_power_LDADD = $(faults_ldadd)
# Its files are watched by the library that servers have preloaded.
%C%_faults_power_file_SOURCES = %D%/faults/power_file.c $(power_plant) $(power_left) \
	%D%/faults/powerpreload.c %D%/faults/powerpreload.h
%C%_faults_power_file_LDADD = $(faults_ldadd)
power_plant = %D%/faults/powerplant.c %D%/faults/powerplant.h
power_left = %D%/faults/powerleft.c %D%/faults/powerleft.h %D%/faults/powershadow.c \
	%D%/faults/powershadow.h
%C%_faults_races_LDADD = $(faults_ldadd)
%C%_faults_threads_LDADD = $(faults_ldadd)

%C%_store_broken_SOURCES = \
	%D%/store_broken.c \
	%D%/store_broken.h \
	%D%/store_broken_life.c \
	%D%/store_broken_many.c \
	%D%/store_broken_record.c \
	%D%/store_broken_stats.c \
	%D%/store_broken_walk.c

%C%_test_move_many_SOURCES = %D%/test_move_many.c %D%/move_stage.c %D%/move_stage.h
%C%_test_store_move_SOURCES = %D%/test_store_move.c %D%/move_stage.c %D%/move_stage.h
%C%_contract_move_SOURCES = %D%/contract_move.c %D%/move_fixture.c %D%/move_fixture.h
%C%_races_move_SOURCES = %D%/races_move.c %D%/move_fixture.c %D%/move_fixture.h
%C%_test_home_SOURCES = %D%/test_home.c %D%/home_shelf.c %D%/home_shelf.h
%C%_test_home_marks_SOURCES = %D%/test_home_marks.c %D%/home_shelf.c %D%/home_shelf.h
%C%_test_home_restore_SOURCES = %D%/test_home_restore.c %D%/home_shelf.c %D%/home_shelf.h
%C%_test_remote_lookup_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getaddrinfo \
	-Wl,--wrap=pthread_create
%C%_test_store_file_faults_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write -Wl,--wrap=fsync \
	-Wl,--wrap=mkdirat -Wl,--wrap=renameat
%C%_test_store_file_restore_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=fsync

# Flags of their own give these objects of their own; those of the samples are made by libtool.
form_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/fcgi-apps
%C%_test_passwords_SOURCES = %D%/test_passwords.c fcgi-apps/login_guesses.c \
	fcgi-apps/passwords.c
%C%_test_form_SOURCES = %D%/test_form.c fcgi-apps/form.c
%C%_test_form_CPPFLAGS = $(form_cppflags)
%C%_test_page_SOURCES = %D%/test_page.c fcgi-apps/form.c fcgi-apps/page.c
%C%_test_page_CPPFLAGS = $(form_cppflags)

# For programs that use alloc.h.
wrap_alloc = -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=free
%C%_test_buffer_LDFLAGS = $(AM_LDFLAGS) $(wrap_alloc)
%C%_test_cookie_parse_LDFLAGS = $(AM_LDFLAGS) $(wrap_alloc)
%C%_test_cookie_write_LDFLAGS = $(AM_LDFLAGS) $(wrap_alloc)
%C%_test_json_LDFLAGS = $(AM_LDFLAGS) $(wrap_alloc)
%C%_test_values_LDFLAGS = $(AM_LDFLAGS) $(wrap_alloc)
%C%_test_values_map_LDFLAGS = $(AM_LDFLAGS) $(wrap_alloc)

# oom_alloc.c stands in front of every allocator itself.
wrap_all = -Wl,--wrap=calloc -Wl,--wrap=free -Wl,--wrap=malloc -Wl,--wrap=realloc \
	-Wl,--wrap=reallocarray -Wl,--wrap=sodium_allocarray -Wl,--wrap=sodium_free -Wl,--wrap=strdup \
	-Wl,--wrap=strndup
%C%_faults_oom_LDFLAGS = $(AM_LDFLAGS) $(wrap_all)

# What reads and writes the lines of an export belongs to the command.
line_sources = fcgi-apps/tools/lines.c fcgi-apps/tools/lines_input.c fcgi-apps/tools/lines_read.c
%C%_test_lines_SOURCES = %D%/test_lines.c $(line_sources)
%C%_test_lines_input_SOURCES = %D%/test_lines_input.c $(line_sources)

fuzz_main = %D%/fuzz/fuzz_main.c %D%/fuzz/fuzz.h
%C%_fuzz_fuzz_carried_SOURCES = %D%/fuzz/fuzz_carried.c $(fuzz_main)
%C%_fuzz_fuzz_config_SOURCES = %D%/fuzz/fuzz_config.c $(fuzz_main)
%C%_fuzz_fuzz_cookie_SOURCES = %D%/fuzz/fuzz_cookie.c $(fuzz_main)
%C%_fuzz_fuzz_cookie_write_SOURCES = %D%/fuzz/fuzz_cookie_write.c $(fuzz_main)
%C%_fuzz_fuzz_environ_SOURCES = %D%/fuzz/fuzz_environ.c $(fuzz_main)
%C%_fuzz_fuzz_form_SOURCES = %D%/fuzz/fuzz_form.c fcgi-apps/form.c $(fuzz_main)
%C%_fuzz_fuzz_form_CPPFLAGS = $(form_cppflags)
%C%_fuzz_fuzz_home_SOURCES = %D%/fuzz/fuzz_home.c $(fuzz_main)
%C%_fuzz_fuzz_json_SOURCES = %D%/fuzz/fuzz_json.c $(fuzz_main)
%C%_fuzz_fuzz_lines_SOURCES = %D%/fuzz/fuzz_lines.c $(fuzz_main) $(line_sources)
%C%_fuzz_fuzz_store_url_SOURCES = %D%/fuzz/fuzz_store_url.c $(fuzz_main)
%C%_fuzz_fuzz_token_SOURCES = %D%/fuzz/fuzz_token.c $(fuzz_main)

TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	CC='$(CC)'; NM='$(NM)'; AWK='$(AWK)'; export top_srcdir top_builddir CC NM AWK;

# The benchmarks are built and run on demand only; their guard counts instructions, and is slow.
bench_programs = %D%/bench/bench_session %D%/bench/bench_writers %D%/bench/bench_cgi \
	%D%/bench/bench_gc \
	%D%/bench/empty_cgi %D%/bench/page %D%/bench/readonly
EXTRA_PROGRAMS = $(bench_programs)
CLEANFILES += $(bench_programs) $(store_programs)
bench_common = %D%/bench/bench.c %D%/bench/bench.h
bench_stores = $(bench_common) %D%/bench/bench_library.c %D%/bench/bench_raw.c \
	%D%/bench/bench_visitors.c
%C%_bench_bench_session_SOURCES = %D%/bench/bench_session.c %D%/bench/bench_alloc.c $(bench_stores)
%C%_bench_bench_session_LDADD = lib/libsesskit_core.la
%C%_bench_bench_writers_SOURCES = %D%/bench/bench_writers.c $(bench_stores)
%C%_bench_bench_writers_LDADD = lib/libsesskit_core.la
%C%_bench_bench_gc_SOURCES = %D%/bench/bench_gc.c %D%/bench/bench_gc.h %D%/bench/bench_gc_fill.c \
	%D%/bench/bench_gc_hand.c %D%/bench/bench_gc_traffic.c $(bench_common) \
	%D%/bench/bench_library.c %D%/bench/bench_visitors.c fcgi-apps/tools/patience.c
%C%_bench_bench_gc_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/fcgi-apps/tools
%C%_bench_bench_gc_LDADD = lib/libsesskit_core.la
if WITH_REDIS
if WITH_MYSQL
store_programs = %D%/bench/bench_stores
endif
endif
EXTRA_PROGRAMS += $(store_programs)
%C%_bench_bench_stores_SOURCES = %D%/bench/bench_stores.c %D%/bench/bench_stores.h \
	%D%/bench/bench_bare_file.c %D%/bench/bench_bare_mysql.c %D%/bench/bench_bare_redis.c \
	%D%/bench/bench_bare_sqlite.c $(bench_stores)
%C%_bench_bench_stores_CFLAGS = $(AM_CFLAGS) $(REDIS_CFLAGS) $(MYSQL_CFLAGS)
%C%_bench_bench_stores_LDADD = lib/libsesskit_core.la $(REDIS_LIBS) $(MYSQL_LIBS)
%C%_bench_bench_stores_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS)
%C%_bench_bench_cgi_SOURCES = %D%/bench/bench_cgi.c $(bench_common)
%C%_bench_bench_cgi_LDADD =
%C%_bench_empty_cgi_LDADD =
%C%_bench_empty_cgi_LDFLAGS = -all-static
%C%_bench_page_LDADD = $(FCGI_LIBS)
%C%_bench_readonly_LDADD = lib/libsesskit_core.la $(FCGI_LIBS)
bench: all
	$(MAKE) $(bench_programs) $(store_programs)
	$(SHELL) $(top_srcdir)/%D%/bench/run.sh .
slow_scripts = %D%/bench/guard.sh
%D%/bench/guard.log: %D%/bench/bench_session$(EXEEXT)

check-slow:
	SESS_SLOW=1 $(MAKE) check TESTS='$(lengthy_tests) $(slow_tests) $(slow_scripts)' TEST_SUITE_LOG=slow-suite.log
check-e2e:
	$(MAKE) check TESTS='$(e2e_tests)' TEST_SUITE_LOG=e2e-suite.log
check-servers:
	$(MAKE) check TESTS='$(server_tests)' TEST_SUITE_LOG=servers-suite.log

# Not the crowds, whose time limits it would break; ASan covers these.
valgrind_tests = $(unit_tests) $(life_tests) \
	%D%/contract_file \
	%D%/contract_memory \
	%D%/contract_sqlite \
	%D%/store_broken \
	%D%/test_store_memory \
	%D%/test_move_many \
	%D%/test_store_move \
	%D%/test_store_sqlite \
	%D%/test_store_sqlite_collect \
	%D%/test_store_sqlite_rows
valgrind = valgrind -q --fair-sched=yes --child-silent-after-fork=yes --leak-check=full \
	--show-leak-kinds=definite,indirect,possible \
	--errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99
check-valgrind:
	$(MAKE) check TESTS='$(valgrind_tests)' LOG_COMPILER='$(valgrind)' \
		TEST_SUITE_LOG=valgrind-suite.log

# A build of its own for each sanitizer, below this build directory, which must not be the checkout.
# Warnings do not fail it: gcc gives wrong ones for instrumented code.
check-asan:
	$(MAKE) check-sanitizer sanitizer=address,undefined sanitizer_dir=asan \
		sanitizer_tests='$(program_tests) $(hostile_server_tests)'
check-tsan:
	$(MAKE) check-sanitizer sanitizer=thread sanitizer_dir=tsan \
		sanitizer_tests='$(threaded_tests)'
check-sanitizer:
	$(MKDIR_P) $(sanitizer_dir)
	cd $(sanitizer_dir) && { test -f Makefile || $(abs_top_srcdir)/configure CC='$(CC)' \
		--disable-shared --enable-sanitizer=$(sanitizer); }
	cd $(sanitizer_dir) && TSAN_OPTIONS='suppressions=$(abs_top_srcdir)/%D%/tsan.supp' \
		$(MAKE) check TESTS='$(sanitizer_tests)'
clean-local:
	rm -rf %D%/e2e/modules %D%/e2e/screenshots
distclean-local:
	rm -rf asan tsan

# Each fuzz/NAME.c gets random input for a while, with clang's libFuzzer.
fuzz_targets = \
	%D%/fuzz/fuzz_carried.c \
	%D%/fuzz/fuzz_config.c \
	%D%/fuzz/fuzz_cookie.c \
	%D%/fuzz/fuzz_cookie_write.c \
	%D%/fuzz/fuzz_environ.c \
	%D%/fuzz/fuzz_form.c \
	%D%/fuzz/fuzz_home.c \
	%D%/fuzz/fuzz_json.c \
	%D%/fuzz/fuzz_lines.c \
	%D%/fuzz/fuzz_store_url.c \
	%D%/fuzz/fuzz_token.c
fuzz_seconds = 10
check-fuzz: $(BUILT_SOURCES)
	for target in $(fuzz_targets); do \
		(cd $(top_srcdir) && clang -g -O1 -D_GNU_SOURCE= -Ilib \
			-I$(abs_top_builddir)/lib $(module_cppflags) $(SQLITE_CFLAGS) $(SODIUM_CFLAGS) \
			-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
			-o $(abs_top_builddir)/fuzz "$$target" $(library_c_sources) fcgi-apps/form.c \
			$(line_sources) \
			$(SQLITE_LIBS) $(SODIUM_LIBS)) && \
		./fuzz -max_total_time=$(fuzz_seconds) || exit; \
	done
CLEANFILES += fuzz

# Static analysis and the manual's lint.
c_sources = $(library_c_sources) $(redis_c_sources) $(mysql_c_sources) $(sample_c_sources) \
	$(tool_c_sources)
check-analyzer: $(BUILT_SOURCES)
	cd $(top_srcdir) && result=0; for file in $(c_sources); do \
		$(CC) $(analyzer_flags) -fanalyzer -c -o /dev/null "$$file" || result=1; \
		clang $(analyzer_flags) --analyze --analyzer-output text \
			-Xclang -analyzer-werror "$$file" || result=1; \
	done; exit $$result
analyzer_flags = -std=gnu11 -O2 -D_GNU_SOURCE= -Werror -Wall -Wextra -Ilib \
	-I$(abs_top_builddir)/lib $(module_cppflags) $(SQLITE_CFLAGS) $(SODIUM_CFLAGS) \
	$(REDIS_CFLAGS) $(MYSQL_CFLAGS)
check-cppcheck: $(BUILT_SOURCES)
	cd $(top_srcdir) && cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
		--enable=warning,performance,portability -Ilib -I$(abs_top_builddir)/lib \
		$(module_cppflags) \
		$(c_sources)
check-man:
	cd $(top_srcdir) && mandoc -T lint -W warning $(dist_man_MANS)

# What was installed is found by pkg-config, compiles, links, runs and loads its modules, unless they
# are not where they will be.
if WITH_REDIS
redis_installed = redis
endif
if WITH_MYSQL
mysql_installed = mysql
endif
installcheck-local:
	PKG_CONFIG_PATH='$(DESTDIR)$(pkgconfigdir)' && export PKG_CONFIG_PATH && \
	$(CC) $(CFLAGS) -o installed $(top_srcdir)/%D%/installed.c \
		`$(PKG_CONFIG) --cflags --libs sesskit` -Wl,-rpath,'$(DESTDIR)$(libdir)' && \
	./installed `test -n '$(DESTDIR)' || echo $(redis_installed) $(mysql_installed)`; \
	result=$$?; rm -f installed; exit $$result

.PHONY: bench check-slow check-e2e check-servers check-valgrind check-asan check-tsan check-sanitizer \
	check-analyzer check-cppcheck check-fuzz check-man

EXTRA_DIST += %D%/e2e/package.json %D%/e2e/package-lock.json %D%/e2e/clients.py \
	%D%/e2e/browser/cookies.mjs \
	%D%/e2e/browser/keys.mjs \
	%D%/e2e/browser/line.mjs \
	%D%/e2e/browser/login.mjs \
	%D%/e2e/browser/main.mjs \
	%D%/e2e/browser/pages.mjs \
	%D%/e2e/browser/plain.mjs \
	%D%/e2e/browser/shop.mjs \
	%D%/e2e/browser/site.mjs \
	%D%/e2e/browser/tap.mjs \
	%D%/e2e/browser/walks.mjs
EXTRA_DIST += $(script_tests) $(tool_tests) %D%/tool.sh %D%/tool_many.sh $(e2e_tests) $(fuzz_targets) \
	$(server_scripts) %D%/servers/hosts.sh %D%/servers/mysql.sh %D%/servers/power.sh \
	%D%/servers/redis.sh %D%/servers/servers.sh \
	%D%/e2e/checks.sh %D%/e2e/programs.sh %D%/e2e/server.sh %D%/e2e/site.sh \
	%D%/processes.sh %D%/tap.sh %D%/run.sh %D%/setup.sh \
	%D%/installed.c %D%/fake_module.c %D%/tsan.supp $(slow_scripts) %D%/bench/run.sh \
	%D%/bench/bench_http.sh %D%/bench/stores.sh \
	%D%/bench/bench_http.lua %D%/bench/counter.php
