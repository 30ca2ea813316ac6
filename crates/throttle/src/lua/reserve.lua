-- Reserves one from every budget or from none, or joins the reservation that exists for the operation.
-- reservation.rs says what a reservation is.
-- KEYS: for each budget its counter, then the reservation in it, a text "holders:happened:consumed at:until".
-- ARGV: now, skew, how long a reservation lives, then limit and window of each budget; microseconds.
-- Returns {0, 0}, or {position of the first exhausted budget from 1, microseconds to wait}.
local now, skew, lifetime = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local steps = {}

for i = 1, #KEYS / 2 do
  local counter, name = KEYS[2 * i - 1], KEYS[2 * i]
  local limit, window = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
  local holders, happened, at, until_when =
    string.match(redis.call('GET', name) or '', '^(%d+):(%d):(%d+):(%d+)$')
  if holders and is_held(tonumber(until_when), lifetime, now, skew) then
    steps[i] = { name = name, text = { whole(tonumber(holders) + 1), happened, at } }
  else
    local log, consumed = entries_in_window(counter, window, now, skew)
    if consumed + 1 > limit then
      return { i, retry_after(log, consumed + 1 - limit, window, now) }
    end
    steps[i] = { name = name, text = { '1', '0', whole(now) }, counter = counter, window = window, log = log }
  end
end

for _, step in ipairs(steps) do
  if step.counter then
    add(step.counter, step.window, step.log, 1, now)
  end
  step.text[4] = whole(now + lifetime)
  -- Garbage collection only, hence generous: the text says when it ends.
  redis.call('SET', step.name, table.concat(step.text, ':'), 'PX', whole(lifetime / 500 + 60000))
end
return { 0, 0 }
