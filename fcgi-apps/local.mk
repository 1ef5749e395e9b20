# SPDX-License-Identifier: ISC
# fcgi-apps/local.mk - the sample programs, their pages and web server configurations.

sample_c_sources = %D%/counter.c %D%/workers.c

# Programs go to libexec, where a web server's configuration points to them; they carry the library
# in themselves, so that a copy in any cgi-bin runs.
if WITH_FCGI
pkglibexec_PROGRAMS += %D%/counter
endif
if STATIC_SAMPLES
sample_ldflags = $(HARDEN_LDFLAGS) -all-static
sample_ldadd = lib/libsesskit.la $(STATIC_LIBS)
else
sample_ldflags = $(AM_LDFLAGS) -static
sample_ldadd = lib/libsesskit.la $(FCGI_LIBS)
endif
%C%_counter_SOURCES = $(sample_c_sources) %D%/workers.h
%C%_counter_LDADD = $(sample_ldadd)
%C%_counter_LDFLAGS = $(sample_ldflags)

htmldir = $(pkgdatadir)/html
dist_html_DATA = %D%/html/index.html %D%/html/style.css
confdir = $(pkgdatadir)/conf
dist_conf_DATA = %D%/conf/lighttpd.conf

EXTRA_DIST += %D%/demo.sh
