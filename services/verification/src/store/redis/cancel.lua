-- Ends a verification that is pending. See Store::cancel.
-- KEYS: verification, answer. ARGV: now, answer until, answer TTL, request tags.

local now, answer_until, answer_ttl, contents = take_number(), take(), take(), take_list()
local answer = answered(KEYS[2], contents, now, 'state')
if answer == 'reused' then
  return { 'no', 'reused' }
elseif answer then
  return { 'state', answer[1] }
end

local record = load_hash(KEYS[1])
if not record then
  return { 'no', 'absent' }
end
local state = state_of(record, now)
if state == 'pending' then
  redis.call('HSET', KEYS[1], 'ending', 'cancelled', 'tag', '', 'code', '')
  state = 'cancelled'
end
keep_answer(KEYS[2], contents, answer_until, answer_ttl, 'state', state)
return { 'state', state }
