-- Records the end of one verification, once, unless it ended otherwise. See EventOutbox::record_expired.
-- KEYS: verification, ends of lives, events. ARGV: now, the event.

local now, events = take_number(), take_events()
if redis.call('ZREM', KEYS[2], events.texts[1]) == 1 then
  local record = load_hash(KEYS[1])
  local state = record and state_of(record, now)
  if state == 'expired' or state == 'exhausted' then
    record_event(events, 1)
  end
end
return 0
