-- Reserves one from every budget or from none, or joins who reserved for the same thing and has not settled yet.
-- What a reservation is stands in reservation.rs.
-- KEYS: for each budget its counter, then the reservation in it, a text "holders:happened:spent at:until".
-- ARGV: now, how long a reservation is kept for its holders, then limit and window of each budget; microseconds.
-- Returns {0, 0}, or {place of the first exhausted budget from 1, microseconds to wait}.
local now, kept_for = tonumber(ARGV[1]), tonumber(ARGV[2])
local steps = {}

for i = 1, #KEYS / 2 do
  local counter, name = KEYS[2 * i - 1], KEYS[2 * i]
  local limit, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local holders, happened, at, until_when =
    string.match(redis.call('GET', name) or '', '^(%d+):(%d):(%d+):(%d+)$')
  if holders and tonumber(until_when) > now then
    steps[i] = { name = name, text = { whole(tonumber(holders) + 1), happened, at } }
  else
    local log, spent = living(counter, window, now)
    if spent + 1 > limit then
      return { i, wait_for(log, spent + 1 - limit, window, now) }
    end
    steps[i] = { name = name, text = { '1', '0', whole(now) }, counter = counter, window = window, log = log }
  end
end

for _, step in ipairs(steps) do
  if step.counter then
    note(step.counter, step.window, step.log, 1, now)
  end
  step.text[4] = whole(now + kept_for)
  -- Rubbish collection only, hence generous: the text says when it ends.
  redis.call('SET', step.name, table.concat(step.text, ':'), 'PX', whole(kept_for / 500 + 60000))
end
return { 0, 0 }
