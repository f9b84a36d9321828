-- Sends the requests of a file in turn, over all connections, and says in one line of JSON how it went.
-- With a second argument each connection waits so many milliseconds before each request.
-- The file: for each request its length in bytes, a line break, and the bytes.

local requests = {}
local last = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  while true do
    local length = file:read("*n", "*l")
    if not length then break end
    requests[#requests + 1] = file:read(length)
  end
  file:close()
  local pause_ms = tonumber(args[2] or "0")
  if pause_ms > 0 then
    delay = function() return pause_ms end
  end
  math.randomseed(os.time())
  last = math.random(#requests)
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency, per_thread)
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "not_2xx": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
