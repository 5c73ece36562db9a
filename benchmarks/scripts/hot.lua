-- Movements of 1 on ten privileges, one for each thread: every caller sends the value that it was last told, by a
-- success or by a refusal. Arguments: API key.
dofile(debug.getinfo(1).source:match("@(.*/)") .. "counted.lua")
known = 0

function init(args)
  path = "/api/bench/passes/privileges/hot" .. number .. "/movements"
  headers = { ["X-API-KEY"] = args[1], ["Content-Type"] = "application/json" }
end

function request()
  local body = string.format('{"oldValue":%d,"movementValue":1,"remarks":"scan at counter 4"}', known)
  return wrk.format("POST", path, headers, body)
end

function response(status, headers, body)
  if status == 200 then
    moved = moved + 1
    known = known + 1
  else
    refused = refused + 1
    local told = tonumber(body:match('"currentValue":([%d.]+)'))
    if told > known then known = told end
  end
end
