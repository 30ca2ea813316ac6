-- Starts a verification and counts its first message. See Store::start.
-- KEYS: verification, answer, failures, then those of the limits, then the ends of lives and the events.
-- ARGV: now, idempotency, run of the snapshot, record TTL, content MACs, the limits, then the fields of the
--       verification and their values, the events: created, and what is recorded at the end of its life.

local now, idempotency = take_number(), take_idempotency()
local seen_run_id, record_ttl, contents = take(), take(), take_list()
local limits = take_limits()
local fresh = {}
for _ = 1, take_number() do
  local field = take()
  fresh[field] = take()
end
local events = take_events()
local end_of_life = #events.texts > 0 and take()

local run_id = current_run_id()
local record = load_hash(KEYS[1])
local answer = stored_answer(KEYS[2], idempotency, now, 'message')
if answer then
  return repeated(answer, record, run_id, now)
end

if record then
  if not includes(contents, record.content) then
    return { 'refused', 'differs' }
  elseif state_of(record, now) ~= 'pending' then
    return { 'refused', 'over' }
  elseif record.generation == run_id then
    local again = is_unacknowledged(record, run_id)
    store_answer(KEYS[2], idempotency, 'message', record.expires_at, record.next_send_at, again and '1' or '0')
    if again then
      return message('unacknowledged', record)
    end
    return { 'nothing_to_send', record.expires_at, record.next_send_at, '0' }
  end
  -- Void: a new code, in what is left of the life, the attempts and the messages.
  for _, field in ipairs({ 'created_at', 'expires_at', 'tries_left', 'sends', 'acknowledged' }) do
    fresh[field] = record[field]
  end
end

if seen_run_id ~= run_id then
  return { 'stale' }
end
local outcome = count_message(fresh, limits, now, idempotency, record_ttl)
if outcome[1] == 'counted' and not record and end_of_life then
  record_event(events, 1)
  redis.call('ZADD', KEYS[#KEYS - 1], fresh.expires_at, end_of_life)
end
return outcome
