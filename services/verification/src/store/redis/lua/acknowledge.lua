-- Notes that notification has a message. See Store::acknowledge.
-- KEYS: verification, then the events. ARGV: number of the message, run that counted it, the events: sent.

local number, run_id, events = take_number(), take(), take_events()
local stored = redis.call('HMGET', KEYS[1], 'generation', 'sends', 'acknowledged')
if stored[1] == run_id and number <= tonumber(stored[2]) and number > tonumber(stored[3]) then
  redis.call('HSET', KEYS[1], 'acknowledged', whole(number))
  record_event(events, 1)
end
return 0
