-- Redeems a grant, once. See Store::redeem.
-- KEYS: redeemed grant, answer. ARGV: now, idempotency, the grant's run, when it expires, TTL of the marker.

local now, idempotency = take_number(), take_idempotency()
local run_id, expires_at, marker_ttl = take(), take_number(), take()
local answer = stored_answer(KEYS[2], idempotency, now, 'done')
if answer == 'reused' then
  return { 'refused', 'request_id_reused' }
elseif answer then
  return { 'done' }
end

if run_id ~= current_run_id() or now >= expires_at or redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'refused', 'grant_invalid' }
end
redis.call('SET', KEYS[1], whole(now), 'PX', marker_ttl)
store_answer(KEYS[2], idempotency, 'done')
return { 'done' }
