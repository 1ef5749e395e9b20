# SPDX-License-Identifier: ISC
# sql/local.mk - schema, views and ready reports, installed for use with the sqlite3 shell.

# What the library carries in itself. The views are for the shell alone: to parse them each time the
# database is opened would cost a plain CGI program more than the rest of the opening.
embedded_sql = %D%/schema.sql %D%/upgrade-1-2.sql

# The same for the module of MySQL and MariaDB.
mysql_sql = %D%/mysql.sql

sqldir = $(pkgdatadir)/sql
dist_sql_DATA = $(embedded_sql) $(mysql_sql) %D%/views.sql

queriesdir = $(sqldir)/queries
dist_queries_DATA = \
	%D%/queries/activity.sql \
	%D%/queries/end-user.sql \
	%D%/queries/expiring.sql \
	%D%/queries/extend-user.sql \
	%D%/queries/forget-addresses.sql \
	%D%/queries/online.sql \
	%D%/queries/per-user.sql \
	%D%/queries/plans.sql \
	%D%/queries/recount.sql \
	%D%/queries/sizes.sql \
	%D%/queries/totals.sql
