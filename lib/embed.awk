# SPDX-License-Identifier: ISC
# embed.awk - turn SQL files into a C header: schema.sql becomes the string schema_sql, and so on.

FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	gsub(/[-.]/, "_", name)
	printf "%sstatic const char %s[] =", (NR > 1 ? ";\n\n" : ""), name
}

{
	gsub(/[\\"]/, "\\\\&")
	printf "\n\t\"%s\\n\"", $0
}

END {
	print ";"
}
