-- Notes a member and counts the different ones in the window.
-- KEYS: one sorted set, scored by when a member was seen last, in microseconds.
-- ARGV: now, skew, window, member, the most members to keep.
local key, now, skew, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - window))
-- Seen by a clock that has been set right since.
redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', now + skew), '+inf')
local count = redis.call('ZCARD', key)
if count >= tonumber(ARGV[5]) and not redis.call('ZSCORE', key, ARGV[4]) then
  return count
end
redis.call('ZADD', key, 'GT', string.format('%.0f', now), ARGV[4])
-- Garbage collection only, hence generous.
redis.call('PEXPIRE', key, string.format('%.0f', window / 500 + 60000))
return redis.call('ZCARD', key)
