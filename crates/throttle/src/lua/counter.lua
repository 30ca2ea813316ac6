-- Prefixed to every script that touches counters. counter.rs says what a counter is: a text of
-- "microseconds:count" entries, oldest first. Every script is told the skew: what is further ahead than that was
-- written by a clock that has been set right since.
local SLOTS = 16

local function whole(number)
  return string.format('%.0f', number)
end

-- The entries of a counter that are in its window, and their sum.
local function entries_in_window(key, window, now, skew)
  local log, consumed = {}, 0
  for at, count in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
    at, count = tonumber(at), tonumber(count)
    if at + window > now and at <= now + skew then
      log[#log + 1] = { at, count }
      consumed = consumed + count
    end
  end
  return log, consumed
end

-- Whether a reservation of that lifetime lasts until that instant.
local function is_held(until_when, lifetime, now, skew)
  return until_when > now and until_when <= now + lifetime + skew
end

-- How long until as much as `over` has left the window.
local function retry_after(log, over, window, now)
  for _, entry in ipairs(log) do
    over = over - entry[2]
    if over <= 0 then
      return entry[1] + window - now
    end
  end
  return window
end

local function add(key, window, log, cost, now)
  local last, slot = log[#log], window / SLOTS
  if last and (last[1] >= now or math.floor(last[1] / slot) == math.floor(now / slot)) then
    last[1] = math.max(last[1], now)
    last[2] = last[2] + cost
  else
    log[#log + 1] = { now, cost }
  end
  local parts = {}
  for n, entry in ipairs(log) do
    parts[n] = whole(entry[1]) .. ':' .. whole(entry[2])
  end
  -- Garbage collection only, hence generous: the entries themselves say when they end.
  redis.call('SET', key, table.concat(parts, ','), 'PX', whole(window / 500 + 60000))
end

-- Undoes a cost of one instant, see Counter::refund in counter.rs.
local function refund(key, cost, consumed_at)
  local parts, found = {}, false
  for at, count in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
    count = tonumber(count)
    if not found and tonumber(at) >= consumed_at then
      found = true
      count = math.max(count - cost, 0)
    end
    if count > 0 then
      parts[#parts + 1] = at .. ':' .. whole(count)
    end
  end
  if not found then
    return
  end
  if #parts == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, table.concat(parts, ','), 'KEEPTTL')
  end
end
