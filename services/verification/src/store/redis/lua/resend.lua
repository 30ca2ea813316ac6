-- Counts one more message. See Store::resend.
-- KEYS: verification, answer, failures, then those of the limits.
-- ARGV: now, idempotency, run of the snapshot, record TTL, content of the snapshot, whether to rotate, MAC and code
--       to use if the code is rotated or void, the limits.

local now, idempotency = take_number(), take_idempotency()
local seen_run_id, record_ttl, seen_content = take(), take(), take()
local rotate, mac, code = take() == '1', take(), take()
local limits = take_limits()

local run_id = current_run_id()
local record = load_hash(KEYS[1])
local answer = stored_answer(KEYS[2], idempotency, now, 'message')
if answer then
  return repeated(answer, record, run_id, now)
end

if not record then
  return { 'refused', 'not_found' }
elseif state_of(record, now) ~= 'pending' then
  return { 'refused', 'over' }
elseif record.content ~= seen_content or seen_run_id ~= run_id then
  return { 'stale' }
elseif is_unacknowledged(record, run_id) then
  store_answer(KEYS[2], idempotency, 'message', record.expires_at, record.next_send_at, '1')
  return message('unacknowledged', record)
elseif tonumber(record.sends) >= limits.max_sends then
  return { 'refused', 'sends_exhausted' }
end

local is_void = record.generation ~= run_id
local next_at, sent_at = tonumber(record.next_send_at), tonumber(record.sent_at)
if not is_void and next_at and is_ahead(next_at, next_at - sent_at, now, limits.skew) then
  return { 'refused', 'too_soon', record.next_send_at }
end
if is_void or rotate then
  record.tag, record.code, record.generation = mac, code, run_id
end
return count_message(record, limits, now, idempotency, record_ttl)
