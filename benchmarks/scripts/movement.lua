-- Movements within the tolerance of the compare, so that none is refused: on privileges drawn at random, or, where they
-- are so few that chance would lead their values away, in pairs of up and down.
-- Arguments: API key, privilege name, number of privileges, their value, "drawn" or "paired".
local name, count, is_paired
local sent = 0
local tails = {}

function init(args)
  name, count, is_paired = args[2], tonumber(args[3]), args[5] == "paired"
  math.randomseed(os.time())
  for sign, amount in pairs({ [0] = "0.000001", [1] = "-0.000001" }) do
    local body = '{"oldValue":' .. args[4] .. ',"movementValue":' .. amount .. ',"remarks":"scan at counter 4"}'
    tails[sign] = "/movements HTTP/1.1\r\nHost: bench\r\nX-API-KEY: " .. args[1] ..
      "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
  end
end

function request()
  local drawn = is_paired and sent % (2 * count) or math.random(0, 2 * count - 1)
  sent = sent + 1
  return "POST /api/bench/passes/privileges/" .. name .. math.floor(drawn / 2) .. tails[drawn % 2]
end

function done(summary, latency)
  print(string.format("RESULT %d %d %d %d %d", summary.requests - summary.errors.status, summary.errors.status,
    summary.duration, latency:percentile(50), latency:percentile(99)))
end
