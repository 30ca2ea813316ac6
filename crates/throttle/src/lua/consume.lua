-- Takes the cost from every budget or from none, in one step.
-- KEYS: one counter per budget. ARGV: now, cost, then limit and window of each budget; times in microseconds.
-- Returns {0, 0}, or {position of the first exhausted budget from 1, microseconds to wait}.
local now, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local logs = {}

for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local log, consumed = entries_in_window(key, window, now)
  if consumed + cost > limit then
    return { i, retry_after(log, consumed + cost - limit, window, now) }
  end
  logs[i] = log
end

if cost == 0 then
  return { 0, 0 }
end

for i, key in ipairs(KEYS) do
  add(key, tonumber(ARGV[2 * i + 2]), logs[i], cost, now)
end
return { 0, 0 }
