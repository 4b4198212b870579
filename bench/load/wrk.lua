-- Sends the requests of a file, one after the other, again and again. A line of it:
-- method, path, token, "step" or nothing, and body, with tabs between. Of so many
-- threads each begins elsewhere. Steps only lead to what is measured: where there are
-- some, each thread has one connection, and the others' times are taken here.

local ffi = require("ffi")
ffi.cdef("typedef struct { long s, ns; } moment; int clock_gettime(int, moment *);")
local moment = ffi.new("moment")
local threads = {}

local function now_us()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1e6 + tonumber(moment.ns) / 1e3
end

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

function init(args)
  requests, steps, taken, has_steps = {}, {}, {}, false
  local pattern = "^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$"
  for line in io.lines(args[1]) do
    local method, path, token, step, body = line:match(pattern)
    local headers = {}
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    if body == "" then body = nil else headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
    if step ~= "" then
      steps[#requests], has_steps = true, true
      response = take_time
    end
  end
  place = math.floor(#requests * number / tonumber(args[2]))
end

function request()
  place = place % #requests + 1
  asked_at = now_us()
  return requests[place]
end

function take_time()
  if not steps[place] then taken[#taken + 1] = now_us() - asked_at end
end

function done(summary, latency)
  local lost, count = summary.errors, summary.requests
  local function percentile(share) return latency:percentile(share) end
  local all, has_steps = {}, false
  for _, thread in ipairs(threads) do
    has_steps = has_steps or thread:get("has_steps")
    for _, one in ipairs(thread:get("taken")) do all[#all + 1] = one end
  end
  if has_steps then
    table.sort(all)
    count = #all
    percentile = function(share)
      return all[math.max(1, math.ceil(#all * share / 100))] or 0
    end
  end
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %f, "refused": %d, "lost": %d,' ..
    ' "p50_ms": %f, "p95_ms": %f, "p99_ms": %f}\n',
    count, summary.duration / 1e6, lost.status,
    lost.connect + lost.read + lost.write + lost.timeout,
    percentile(50) / 1e3, percentile(95) / 1e3, percentile(99) / 1e3
  ))
end
