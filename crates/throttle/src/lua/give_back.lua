-- Undoes a spending of one instant.
-- KEYS: the counters. ARGV: when it was spent, cost.
for _, key in ipairs(KEYS) do
  take_back(key, tonumber(ARGV[2]), tonumber(ARGV[1]))
end
return 0
