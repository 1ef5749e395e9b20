# SPDX-License-Identifier: ISC
# fcgi-apps/local.mk - the sample programs, their pages and web server configurations.

login_c_sources = \
	%D%/login.c \
	%D%/login_agent.c \
	%D%/login_confirm.c \
	%D%/login_devices.c \
	%D%/login_guesses.c \
	%D%/login_password.c \
	%D%/passwords.c
hijack_c_sources = %D%/hijack.c %D%/hijack_stage.c
sample_c_sources = \
	%D%/counter.c \
	%D%/workers.c \
	%D%/app.c \
	%D%/form.c \
	%D%/page.c \
	%D%/glance.c \
	%D%/destroy.c \
	%D%/lifetime.c \
	%D%/links.c \
	%D%/migrate.c \
	%D%/rotate.c \
	%D%/setget.c \
	%D%/start.c \
	$(login_c_sources) \
	$(hijack_c_sources) \
	%D%/cart.c \
	%D%/online.c

# Programs go to libexec, where a web server's configuration points to them; they carry the library
# in themselves, so that a copy in any cgi-bin runs.
if WITH_FCGI
pkglibexec_PROGRAMS += \
	%D%/counter \
	%D%/destroy \
	%D%/lifetime \
	%D%/links \
	%D%/migrate \
	%D%/rotate \
	%D%/setget \
	%D%/start \
	%D%/cart \
	%D%/hijack \
	%D%/login \
	%D%/online
noinst_LTLIBRARIES += %D%/libapp.la
endif
if STATIC_SAMPLES
sample_ldflags = $(HARDEN_LDFLAGS) -all-static
sample_ldadd = lib/libsesskit.la $(STATIC_LIBS)
else
sample_ldflags = $(AM_LDFLAGS) $(MODULE_LDFLAGS) -static
sample_ldadd = lib/libsesskit.la $(FCGI_LIBS)
endif

# What the samples share; the counter takes no more of it than workers.c.
%C%_libapp_la_SOURCES = %D%/app.c %D%/app.h %D%/form.c %D%/glance.c %D%/glance.h %D%/page.c \
	%D%/workers.c %D%/workers.h
app_ldadd = %D%/libapp.la $(sample_ldadd)
%C%_counter_LDADD = $(app_ldadd)
%C%_counter_LDFLAGS = $(sample_ldflags)
%C%_destroy_LDADD = $(app_ldadd)
%C%_destroy_LDFLAGS = $(sample_ldflags)
%C%_lifetime_LDADD = $(app_ldadd)
%C%_lifetime_LDFLAGS = $(sample_ldflags)
%C%_links_LDADD = $(app_ldadd)
%C%_links_LDFLAGS = $(sample_ldflags)
%C%_migrate_LDADD = $(app_ldadd)
%C%_migrate_LDFLAGS = $(sample_ldflags)
%C%_rotate_LDADD = $(app_ldadd)
%C%_rotate_LDFLAGS = $(sample_ldflags)
%C%_setget_LDADD = $(app_ldadd)
%C%_setget_LDFLAGS = $(sample_ldflags)
%C%_start_LDADD = $(app_ldadd)
%C%_start_LDFLAGS = $(sample_ldflags)
%C%_cart_LDADD = $(app_ldadd)
%C%_cart_LDFLAGS = $(sample_ldflags)
%C%_hijack_SOURCES = $(hijack_c_sources) %D%/hijack.h
%C%_hijack_LDADD = $(app_ldadd)
%C%_hijack_LDFLAGS = $(sample_ldflags)
# Passwords are the sample's own business, and so is what hashes them.
%C%_login_SOURCES = $(login_c_sources) %D%/login.h %D%/passwords.h
%C%_login_LDADD = $(app_ldadd) $(SODIUM_LIBS)
%C%_login_LDFLAGS = $(sample_ldflags)
%C%_online_LDADD = $(app_ldadd)
%C%_online_LDFLAGS = $(sample_ldflags)

htmldir = $(pkgdatadir)/html
dist_html_DATA = %D%/html/index.html %D%/html/style.css
confdir = $(pkgdatadir)/conf
dist_conf_DATA = \
	%D%/conf/Caddyfile \
	%D%/conf/apache.conf \
	%D%/conf/apache-cgid.conf \
	%D%/conf/apache-fcgid.conf \
	%D%/conf/apache-proxy.conf \
	%D%/conf/apache-proxy_fcgi.conf \
	%D%/conf/lighttpd.conf \
	%D%/conf/lighttpd-tls.conf \
	%D%/conf/nginx.conf \
	%D%/conf/nginx-fastcgi.conf \
	%D%/conf/nginx-fcgiwrap.conf \
	%D%/conf/nginx-params.conf \
	%D%/conf/nginx-proxy.conf \
	%D%/conf/sesskit-gc.service \
	%D%/conf/sesskit-gc.timer \
	%D%/conf/sesskit-sample@.service \
	%D%/conf/sesskit-sample@.socket \
	%D%/conf/sesskit.cron

EXTRA_DIST += %D%/demo.sh

# The operator's command: one file per verb, and the frame that they share.
bin_PROGRAMS = %D%/tools/sesskit
tool_c_sources = \
	%D%/tools/sesskit.c \
	%D%/tools/options.c \
	%D%/tools/owner.c \
	%D%/tools/term.c \
	%D%/tools/progress.c \
	%D%/tools/json_out.c \
	%D%/tools/find.c \
	%D%/tools/list.c \
	%D%/tools/show.c \
	%D%/tools/end.c \
	%D%/tools/keygen.c \
	%D%/tools/key.c \
	%D%/tools/help.c \
	%D%/tools/gc.c \
	%D%/tools/metrics.c \
	%D%/tools/patience.c \
	%D%/tools/stats.c \
	%D%/tools/watch.c \
	%D%/tools/watch_screen.c \
	%D%/tools/doctor.c \
	%D%/tools/doctor_config.c \
	%D%/tools/doctor_live.c \
	%D%/tools/export.c \
	%D%/tools/export_file.c \
	%D%/tools/import.c \
	%D%/tools/copy.c \
	%D%/tools/copy_live.c \
	%D%/tools/transfer.c \
	%D%/tools/lines.c \
	%D%/tools/lines_read.c \
	%D%/tools/lines_input.c
%C%_tools_sesskit_SOURCES = $(tool_c_sources) %D%/tools/tool.h %D%/tools/verbs.def \
	%D%/tools/doctor.h %D%/tools/metrics.h %D%/tools/patience.h %D%/tools/stats.h %D%/tools/watch.h \
	%D%/tools/copy.h %D%/tools/export.h %D%/tools/lines.h %D%/tools/transfer.h
%C%_tools_sesskit_LDADD = lib/libsesskit_core.la
%C%_tools_sesskit_LDFLAGS = $(AM_LDFLAGS) $(MODULE_LDFLAGS)
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = %D%/tools/sesskit.bash

dist_man_MANS += \
	%D%/man/sesskit.1 \
	%D%/man/sesskit-samples.7 \
	%D%/man/sesskit-end.1 \
	%D%/man/sesskit-help.1 \
	%D%/man/sesskit-key.1 \
	%D%/man/sesskit-keygen.1 \
	%D%/man/sesskit-list.1 \
	%D%/man/sesskit-show.1 \
	%D%/man/sesskit-doctor.1 \
	%D%/man/sesskit-gc.1 \
	%D%/man/sesskit-export.1 \
	%D%/man/sesskit-import.1 \
	%D%/man/sesskit-copy.1 \
	%D%/man/sesskit-stats.1 \
	%D%/man/sesskit-watch.1
