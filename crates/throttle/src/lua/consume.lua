-- Takes the cost from every budget or from none, in one step.
-- KEYS: one counter per budget. ARGV: now, skew, cost, then limit and window of each budget; times in microseconds.
-- Returns {0, 0}, or {position of the first exhausted budget from 1, microseconds to wait}.
local now, skew, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local logs = {}

for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
  local log, consumed = entries_in_window(key, window, now, skew)
  if consumed + cost > limit then
    return { i, retry_after(log, consumed + cost - limit, window, now) }
  end
  logs[i] = log
end

if cost == 0 then
  return { 0, 0 }
end

for i, key in ipairs(KEYS) do
  add(key, tonumber(ARGV[2 * i + 3]), logs[i], cost, now)
end
return { 0, 0 }
