-- Undoes a cost of one instant.
-- KEYS: the counters. ARGV: when it was consumed, cost.
for _, key in ipairs(KEYS) do
  refund(key, tonumber(ARGV[2]), tonumber(ARGV[1]))
end
return 0
