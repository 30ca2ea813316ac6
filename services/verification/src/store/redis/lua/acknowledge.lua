-- Notes that notification has a message. See Store::acknowledge.
-- KEYS: verification. ARGV: number of the message, run that counted it.

local number, run_id = take_number(), take()
local stored = redis.call('HMGET', KEYS[1], 'generation', 'sends', 'acknowledged')
if stored[1] == run_id and number <= tonumber(stored[2]) and number > tonumber(stored[3]) then
  redis.call('HSET', KEYS[1], 'acknowledged', whole(number))
end
return 0
