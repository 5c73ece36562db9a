-- Movements within the tolerance of the compare, many to a request, on privileges drawn at random: none is refused.
-- Arguments: API key, privilege name, number of privileges, movements in a request.
dofile(debug.getinfo(1).source:match("@(.*/)") .. "counted.lua")
local head, before, count, size
local tails = {}

function init(args)
  count, size = tonumber(args[3]), tonumber(args[4])
  math.randomseed(os.time())
  head = "POST /api/bench/passes/privileges/bulk-movements HTTP/1.1\r\nHost: bench\r\nX-API-KEY: " .. args[1] ..
    "\r\nContent-Type: application/json\r\nContent-Length: "
  before = '{"privilegeId":"' .. args[2]
  for sign, amount in pairs({ [0] = "0.000001", [1] = "-0.000001" }) do
    tails[sign] = '","oldValue":0,"movementValue":' .. amount .. ',"remarks":"scan at counter 4"}'
  end
end

function request()
  local rows = {}
  for row = 1, size do
    local drawn = math.random(0, 2 * count - 1)
    rows[row] = before .. math.floor(drawn / 2) .. tails[drawn % 2]
  end
  local body = '{"movements":[' .. table.concat(rows, ",") .. "]}"
  return head .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  local applied = status == 200 and tonumber(body:match('"applied":(%d+)')) or 0
  moved = moved + applied
  refused = refused + size - applied
end
