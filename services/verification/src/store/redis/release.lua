-- Forgets the failures of a subject. See Store::release.
-- KEYS: failures, answer. ARGV: now, answer until, answer TTL, request tags.

local now, answer_until, answer_ttl, contents = take_number(), take(), take(), take_list()
local answer = answered(KEYS[2], contents, now, 'done')
if answer == 'reused' then
  return { 'no', 'reused' }
elseif not answer then
  redis.call('DEL', KEYS[1])
  keep_answer(KEYS[2], contents, answer_until, answer_ttl, 'done')
end
return { 'done' }
