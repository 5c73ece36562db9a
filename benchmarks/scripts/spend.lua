-- Spending on wallets of a family: on each once, in scattered order, or on any of them over and over.
-- Arguments: API key, family, number of wallets, the first of them that is unused, amount, "once" or "drawn", and
-- "keys" where each request is to have an idempotency key.
local SCATTER = 15485863
local family, count, next_one, is_drawn, has_keys
local head, tail, salt

function init(args)
  family, count, next_one = args[2], tonumber(args[3]), tonumber(args[4])
  is_drawn, has_keys = args[6] == "drawn", args[7] == "keys"
  math.randomseed(os.time())
  salt = string.format("%d-%d-", os.time(), math.random(0, 99999999))
  local body = '{"amount":' .. args[5] .. ',"order":"order-4711","venue":"counter 4"}'
  head = "POST /wallet2-api/api/wallet/" .. string.format("%08d", tonumber(family)) .. "-0000-4000-8000-"
  tail = "Host: bench\r\nX-API-KEY: " .. args[1] .. "\r\nContent-Type: application/json\r\nContent-Length: " ..
    #body .. "\r\n\r\n" .. body
end

function request()
  local number = is_drawn and math.random(0, count - 1) or next_one * SCATTER % count
  next_one = next_one + 1
  local key = has_keys and "Idempotency-Key: " .. salt .. next_one .. "\r\n" or ""
  return head .. string.format("%012x", number) .. "/operation HTTP/1.1\r\n" .. key .. tail
end

function done(summary, latency)
  print(string.format("RESULT %d %d %d %d %d", summary.requests - summary.errors.status, summary.errors.status,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
