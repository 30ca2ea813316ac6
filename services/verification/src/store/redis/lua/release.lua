-- Forgets the failures of a subject. See Store::release.
-- KEYS: failures, answer. ARGV: now, idempotency.

local now, idempotency = take_number(), take_idempotency()
local answer = stored_answer(KEYS[2], idempotency, now, 'done')
if answer == 'reused' then
  return { 'refused', 'request_id_reused' }
elseif not answer then
  redis.call('DEL', KEYS[1])
  store_answer(KEYS[2], idempotency, 'done')
end
return { 'done' }
