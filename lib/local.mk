# SPDX-License-Identifier: ISC
# lib/local.mk - the library, its headers, its manual.

include_HEADERS = %D%/sesskit.h %D%/sesskit_store.h
lib_LTLIBRARIES = %D%/libsesskit.la
noinst_LTLIBRARIES = %D%/libsesskit_core.la

# Where modules are installed, and where the library looks for them.
module_cppflags = -DSESSKIT_MODULES='"$(pkglibdir)"'

# Every source is compiled once, into this; tests link it to reach what libsesskit.la hides.
library_c_sources = \
	%D%/environ.c \
	%D%/query.c \
	%D%/cookie_parse.c \
	%D%/token.c \
	%D%/begin.c \
	%D%/values.c \
	%D%/values_map.c \
	%D%/flash.c \
	%D%/csrf.c \
	%D%/once.c \
	%D%/login.c \
	%D%/rotate.c \
	%D%/renew.c \
	%D%/destroy.c \
	%D%/remember.c \
	%D%/commit.c \
	%D%/headers.c \
	%D%/carry.c \
	%D%/cookie_write.c \
	%D%/url.c \
	%D%/expiry.c \
	%D%/json.c \
	%D%/utf8.c \
	%D%/seal.c \
	%D%/keys.c \
	%D%/file_put.c \
	%D%/secret_file.c \
	%D%/keys_file.c \
	%D%/admin.c \
	%D%/ref.c \
	%D%/collect.c \
	%D%/stats.c \
	%D%/minutes.c \
	%D%/kit.c \
	%D%/store.c \
	%D%/store_module.c \
	%D%/store_url.c \
	%D%/remote.c \
	%D%/remote_lookup.c \
	%D%/item.c \
	%D%/examine.c \
	%D%/examine_files.c \
	%D%/store_sqlite.c \
	%D%/store_sqlite_collect.c \
	%D%/store_sqlite_end.c \
	%D%/store_sqlite_examine.c \
	%D%/store_sqlite_examine_files.c \
	%D%/store_sqlite_files.c \
	%D%/store_sqlite_fork.c \
	%D%/store_sqlite_keep.c \
	%D%/store_sqlite_list.c \
	%D%/store_sqlite_load.c \
	%D%/store_sqlite_open.c \
	%D%/store_sqlite_restore.c \
	%D%/store_sqlite_sql.c \
	%D%/store_sqlite_tally.c \
	%D%/store_sqlite_tidy.c \
	%D%/store_sqlite_wal.c \
	%D%/store_sqlite_walk.c \
	%D%/gate.c \
	%D%/gate_file.c \
	$(home_c_sources) \
	%D%/move_many.c \
	%D%/move_pull.c \
	%D%/carried.c \
	%D%/ended.c \
	%D%/store_cookie.c \
	%D%/store_file.c \
	%D%/store_file_examine.c \
	%D%/store_file_marks.c \
	%D%/store_file_tidy.c \
	%D%/store_file_tree.c \
	%D%/store_memory.c \
	%D%/store_memory_index.c \
	%D%/store_memory_many.c \
	%D%/store_memory_stats.c \
	%D%/store_memory_walk.c \
	%D%/store_move.c \
	%D%/config.c \
	%D%/config_file.c \
	%D%/config_env.c \
	%D%/buffer.c \
	%D%/sink.c \
	%D%/clock.c \
	%D%/error.c \
	%D%/version.c
%C%_libsesskit_core_la_SOURCES = $(library_c_sources) \
	%D%/internal.h \
	%D%/buffer.h \
	%D%/keys.h \
	%D%/errors.def \
	%D%/settings.def \
	%D%/stores.def \
	%D%/store_sqlite.h \
	%D%/examine.h \
	%D%/gate.h \
	%D%/minutes.h \
	%D%/home.h \
	%D%/remote.h \
	%D%/carried.h \
	%D%/ended.h \
	%D%/store_file.h \
	%D%/store_memory.h \
	%D%/store_move.h
%C%_libsesskit_core_la_LIBADD = $(SQLITE_LIBS) $(SODIUM_LIBS)

%C%_libsesskit_la_SOURCES =
%C%_libsesskit_la_LIBADD = %D%/libsesskit_core.la
%C%_libsesskit_la_LDFLAGS = $(HARDEN_LDFLAGS) $(COMPLETE_LDFLAGS) -no-undefined \
	-version-info $(SESSKIT_ABI) -export-symbols $(top_srcdir)/%D%/sesskit.sym
EXTRA_%C%_libsesskit_la_DEPENDENCIES = %D%/sesskit.sym

# Functions for the sqlite3 shell, with the few parts of the library that they need.
pkglib_LTLIBRARIES = %D%/sesskit_sqlite.la
%C%_sesskit_sqlite_la_SOURCES = \
	%D%/sqlite_extension.c \
	%D%/buffer.c \
	%D%/expiry.c \
	%D%/json.c \
	%D%/ref.c \
	%D%/token.c \
	%D%/utf8.c \
	%D%/values_map.c
%C%_sesskit_sqlite_la_LIBADD = $(SODIUM_LIBS)
%C%_sesskit_sqlite_la_LDFLAGS = $(HARDEN_LDFLAGS) $(COMPLETE_LDFLAGS) -module -avoid-version \
	-export-symbols-regex '^sqlite3_sesskitsqlite_init$$'

# Stores on servers, each a module with the core of stores in it. Tests link the store alone. What a
# module takes from the library is the library's, or the program's.
home_c_sources = \
	%D%/home.c \
	%D%/home_end.c \
	%D%/home_life.c \
	%D%/home_many.c \
	%D%/home_memory.c \
	%D%/home_restore.c \
	%D%/home_value.c \
	%D%/home_walk.c
module_c_sources = $(home_c_sources) \
	%D%/examine.c \
	%D%/remote.c \
	%D%/remote_lookup.c \
	%D%/minutes.c \
	%D%/query.c \
	%D%/expiry.c \
	%D%/token.c \
	%D%/buffer.c \
	%D%/clock.c
module_ldflags = $(HARDEN_LDFLAGS) -module -avoid-version
noinst_LTLIBRARIES += $(module_libraries)
if WITH_REDIS
redis_c_sources = \
	%D%/store_redis.c \
	%D%/store_redis_call.c \
	%D%/store_redis_examine.c \
	%D%/store_redis_link.c \
	%D%/store_redis_marks.c \
	%D%/store_redis_route.c \
	%D%/store_redis_stats.c \
	%D%/store_redis_url.c
redis_library = %D%/libsesskit_redis_core.la
pkglib_LTLIBRARIES += %D%/sesskit_redis.la
endif
if WITH_MYSQL
mysql_c_sources = \
	%D%/store_mysql.c \
	%D%/store_mysql_call.c \
	%D%/store_mysql_connect.c \
	%D%/store_mysql_examine.c \
	%D%/store_mysql_many.c
mysql_library = %D%/libsesskit_mysql_core.la
pkglib_LTLIBRARIES += %D%/sesskit_mysql.la
endif
module_libraries = %D%/libsesskit_module.la $(redis_library) $(mysql_library)
%C%_libsesskit_module_la_SOURCES = $(module_c_sources)
%C%_libsesskit_redis_core_la_SOURCES = $(redis_c_sources) %D%/store_redis.h
%C%_libsesskit_redis_core_la_CFLAGS = $(AM_CFLAGS) $(REDIS_CFLAGS)
%C%_libsesskit_redis_core_la_LIBADD = $(REDIS_LIBS)
%C%_sesskit_redis_la_SOURCES =
%C%_sesskit_redis_la_LIBADD = $(redis_library) %D%/libsesskit_module.la $(SODIUM_LIBS)
%C%_sesskit_redis_la_LDFLAGS = $(module_ldflags) \
	-export-symbols-regex '^sess_provider_redis$$'
%C%_libsesskit_mysql_core_la_SOURCES = $(mysql_c_sources) %D%/store_mysql.h
%C%_libsesskit_mysql_core_la_CFLAGS = $(AM_CFLAGS) $(MYSQL_CFLAGS)
%C%_libsesskit_mysql_core_la_LIBADD = $(MYSQL_LIBS)
%C%_sesskit_mysql_la_SOURCES =
%C%_sesskit_mysql_la_LIBADD = $(mysql_library) %D%/libsesskit_module.la $(SODIUM_LIBS)
%C%_sesskit_mysql_la_LDFLAGS = $(module_ldflags) \
	-export-symbols-regex '^sess_provider_mysql$$'

# The schema is embedded, so that library and sql/ cannot disagree.
BUILT_SOURCES += %D%/schema_sql.h
CLEANFILES += %D%/schema_sql.h
%D%/schema_sql.h: $(embedded_sql) %D%/embed.awk
	$(AM_V_GEN)$(MKDIR_P) %D%
	$(AM_V_at)cd $(top_srcdir) && $(AWK) -f %D%/embed.awk $(embedded_sql) \
		>$(abs_top_builddir)/$@.tmp
	$(AM_V_at)mv $@.tmp $@
%D%/store_sqlite_open.lo: %D%/schema_sql.h
%D%/store_sqlite_examine.lo: %D%/schema_sql.h
BUILT_SOURCES += %D%/mysql_sql.h
CLEANFILES += %D%/mysql_sql.h
%D%/mysql_sql.h: $(mysql_sql) %D%/embed.awk
	$(AM_V_GEN)$(MKDIR_P) %D%
	$(AM_V_at)cd $(top_srcdir) && $(AWK) -f %D%/embed.awk $(mysql_sql) \
		>$(abs_top_builddir)/$@.tmp
	$(AM_V_at)mv $@.tmp $@
$(%C%_libsesskit_mysql_core_la_OBJECTS): %D%/mysql_sql.h

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = %D%/sesskit.pc

dist_man_MANS += \
	%D%/man/sesskit.3 \
	%D%/man/sess_kit_open.3 \
	%D%/man/sess_begin.3 \
	%D%/man/sess_get_str.3 \
	%D%/man/sess_flash.3 \
	%D%/man/sess_csrf_token.3 \
	%D%/man/sess_once_issue.3 \
	%D%/man/sess_login.3 \
	%D%/man/sess_destroy.3 \
	%D%/man/sess_list.3 \
	%D%/man/sesskit_store.3 \
	%D%/man/sesskit.conf.5 \
	%D%/man/sesskit-cookie.7 \
	%D%/man/sesskit-mysql.7 \
	%D%/man/sesskit-redis.7 \
	%D%/man/sesskit-stores.7

EXTRA_DIST += %D%/embed.awk %D%/sesskit.sym
