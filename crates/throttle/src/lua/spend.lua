-- Spends from every budget or from none, in one step. What a counter is stands in counter.rs.
-- KEYS: one counter per budget, a text of "microseconds:count" entries, oldest first.
-- ARGV: now, cost, then limit and window of each budget; times in microseconds.
-- Returns {0, 0}, or {place of the first exhausted budget from 1, microseconds to wait}.
local SLOTS = 16
local now, cost = tonumber(ARGV[1]), tonumber(ARGV[2])
local logs = {}

for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local log, spent = {}, 0
  for at, count in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
    at, count = tonumber(at), tonumber(count)
    if at + window > now then
      log[#log + 1] = { at, count }
      spent = spent + count
    end
  end
  if spent + cost > limit then
    local over, wait = spent + cost - limit, window
    for _, entry in ipairs(log) do
      over = over - entry[2]
      if over <= 0 then
        wait = entry[1] + window - now
        break
      end
    end
    return { i, wait }
  end
  logs[i] = log
end

if cost == 0 then
  return { 0, 0 }
end

for i, key in ipairs(KEYS) do
  local window, log = tonumber(ARGV[2 * i + 2]), logs[i]
  local last, slot = log[#log], window / SLOTS
  if last and (last[1] >= now or math.floor(last[1] / slot) == math.floor(now / slot)) then
    last[1] = math.max(last[1], now)
    last[2] = last[2] + cost
  else
    log[#log + 1] = { now, cost }
  end
  local parts = {}
  for n, entry in ipairs(log) do
    parts[n] = string.format('%.0f:%.0f', entry[1], entry[2])
  end
  -- Rubbish collection only, hence generous: the entries themselves say when they end.
  redis.call('SET', key, table.concat(parts, ','), 'PX', string.format('%.0f', window / 500 + 60000))
end
return { 0, 0 }
