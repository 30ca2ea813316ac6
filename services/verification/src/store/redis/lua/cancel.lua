-- Ends a verification that is pending. See Store::cancel.
-- KEYS: verification, answer. ARGV: now, idempotency.

local now, idempotency = take_number(), take_idempotency()
local answer = stored_answer(KEYS[2], idempotency, now, 'state')
if answer == 'reused' then
  return { 'refused', 'request_id_reused' }
elseif answer then
  return { 'state', answer[1] }
end

local record = load_hash(KEYS[1])
if not record then
  return { 'refused', 'not_found' }
end
local state = state_of(record, now)
if state == 'pending' then
  redis.call('HSET', KEYS[1], 'ending', 'cancelled', 'tag', '', 'code', '')
  state = 'cancelled'
end
store_answer(KEYS[2], idempotency, 'state', state)
return { 'state', state }
