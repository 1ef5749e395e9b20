-- SPDX-License-Identifier: ISC
-- bench_http.lua - for wrk: requests that take turns with the cookies in the file that COOKIES
-- names, and a line "RESULT answers microseconds failures" at the end.

local requests = {}
local turn = 0

function init(args)
	for line in io.lines(os.getenv("COOKIES")) do
		requests[#requests + 1] = wrk.format("GET", nil, { ["Cookie"] = line,
			["Host"] = "127.0.0.1", ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64)",
			["Accept-Language"] = "en" })
	end
end

function request()
	turn = turn % #requests + 1
	return requests[turn]
end

function done(summary, latency, each)
	local e = summary.errors
	io.write(string.format("RESULT %d %d %d\n", summary.requests, summary.duration,
		e.status + e.connect + e.read + e.write + e.timeout))
end
