-- Spends a grant, once. See Store::redeem.
-- KEYS: spent grant, answer. ARGV: now, answer until, answer TTL, request tags, the grant's generation, when it dies,
--       TTL of the marker.

local now, answer_until, answer_ttl, contents = take_number(), take(), take(), take_list()
local generation, expires_at, marker_ttl = take(), take_number(), take()
local answer = answered(KEYS[2], contents, now, 'done')
if answer == 'reused' then
  return { 'no', 'reused' }
elseif answer then
  return { 'done' }
end

if generation ~= present_generation() or now >= expires_at or redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'no', 'grant' }
end
redis.call('SET', KEYS[1], whole(now), 'PX', marker_ttl)
keep_answer(KEYS[2], contents, answer_until, answer_ttl, 'done')
return { 'done' }
