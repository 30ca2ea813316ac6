-- Gives the oldest events, unless another replica has its turn. See EventOutbox::take.
-- KEYS: whose turn it is, events. ARGV: now, who asks, until when, TTL, how many.

local now, holder, held_until, ttl, most = take_number(), take(), take(), take(), take_number()
local stored = redis.call('HMGET', KEYS[1], 'holder', 'until')
if stored[1] and stored[1] ~= holder and now < tonumber(stored[2]) then
  return { whole(redis.call('LLEN', KEYS[2])) }
end
redis.call('HSET', KEYS[1], 'holder', holder, 'until', held_until)
redis.call('PEXPIRE', KEYS[1], ttl)
local reply = redis.call('LRANGE', KEYS[2], 0, most - 1)
table.insert(reply, 1, whole(redis.call('LLEN', KEYS[2])))
return reply
