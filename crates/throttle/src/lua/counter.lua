-- Stands before every script that touches counters. What a counter is stands in counter.rs: a text of
-- "microseconds:count" entries, oldest first.
local SLOTS = 16

local function whole(number)
  return string.format('%.0f', number)
end

-- What of a counter is still in its window, and how much that is.
local function living(key, window, now)
  local log, spent = {}, 0
  for at, count in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
    at, count = tonumber(at), tonumber(count)
    if at + window > now then
      log[#log + 1] = { at, count }
      spent = spent + count
    end
  end
  return log, spent
end

-- How long until as much as `over` has left the window.
local function wait_for(log, over, window, now)
  for _, entry in ipairs(log) do
    over = over - entry[2]
    if over <= 0 then
      return entry[1] + window - now
    end
  end
  return window
end

local function note(key, window, log, cost, now)
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
  -- Rubbish collection only, hence generous: the entries themselves say when they end.
  redis.call('SET', key, table.concat(parts, ','), 'PX', whole(window / 500 + 60000))
end

-- Undoes a spending of one instant, see Counter::take_back in counter.rs.
local function take_back(key, cost, spent_at)
  local parts, found = {}, false
  for at, count in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
    count = tonumber(count)
    if not found and tonumber(at) >= spent_at then
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
