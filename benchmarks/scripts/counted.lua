-- For scripts whose answers say how much was done: each thread counts it in `moved` and `refused`, and has a `number`.
local threads = {}
moved, refused = 0, 0

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function done(summary, latency)
  local all_moved, all_refused = 0, 0
  for _, thread in ipairs(threads) do
    all_moved = all_moved + thread:get("moved")
    all_refused = all_refused + thread:get("refused")
  end
  print(string.format("RESULT %d %d %d %d %d", all_moved, all_refused, summary.duration, latency:percentile(50),
    latency:percentile(99)))
end
