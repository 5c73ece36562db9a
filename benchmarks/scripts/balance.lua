-- The balances of wallets drawn at random. Arguments: API key, family, number of wallets.
local head, tail, count

function init(args)
  count = tonumber(args[3])
  math.randomseed(os.time())
  head = "GET /wallet2-api/api/wallet/" .. string.format("%08d", tonumber(args[2])) .. "-0000-4000-8000-"
  tail = " HTTP/1.1\r\nHost: bench\r\nX-API-KEY: " .. args[1] .. "\r\n\r\n"
end

function request()
  return head .. string.format("%012x", math.random(0, count - 1)) .. tail
end

function done(summary, latency)
  print(string.format("RESULT %d %d %d %d %d", summary.requests - summary.errors.status, summary.errors.status,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
