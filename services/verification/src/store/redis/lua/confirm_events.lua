-- Forgets events that were handed over. See EventOutbox::confirm. KEYS: events. ARGV: the events.

for _, text in ipairs(ARGV) do
  -- From the head, where they are; one that went for a newer one is not there any more.
  redis.call('LREM', KEYS[1], 1, text)
end
return 0
