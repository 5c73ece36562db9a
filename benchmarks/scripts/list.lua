-- The privileges of passes drawn at random. Arguments: API key, number of passes.
local tail, count

function init(args)
  count = tonumber(args[2])
  math.randomseed(os.time())
  tail = "/privileges HTTP/1.1\r\nHost: bench\r\nX-API-KEY: " .. args[1] .. "\r\n\r\n"
end

function request()
  return "GET /api/bench/passes/listpass" .. math.random(0, count - 1) .. tail
end

function done(summary, latency)
  print(string.format("RESULT %d %d %d %d %d", summary.requests - summary.errors.status, summary.errors.status,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
