-- Pages of a long list: the same address over and over, or with a number drawn at random where it has a %d.
-- Arguments: API key, address, the largest number.
local address, tail, most, is_drawn

function init(args)
  address, most = args[2], tonumber(args[3])
  is_drawn = address:find("%%d") ~= nil
  math.randomseed(os.time())
  tail = " HTTP/1.1\r\nHost: bench\r\nX-API-KEY: " .. args[1] .. "\r\n\r\n"
end

function request()
  return "GET " .. (is_drawn and string.format(address, math.random(0, most)) or address) .. tail
end

function done(summary, latency)
  print(string.format("RESULT %d %d %d %d %d", summary.requests - summary.errors.status, summary.errors.status,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
