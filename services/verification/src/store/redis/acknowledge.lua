-- Notes that notification has a message. See Store::acknowledge.
-- KEYS: verification. ARGV: number of the message, generation that charged it.

local number, generation = take_number(), take()
local kept = redis.call('HMGET', KEYS[1], 'generation', 'sends', 'acknowledged')
if kept[1] == generation and number <= tonumber(kept[2]) and number > tonumber(kept[3]) then
  redis.call('HSET', KEYS[1], 'acknowledged', whole(number))
end
return 0
