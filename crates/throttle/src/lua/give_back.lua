-- Undoes a spending of one instant, see Counter::take_back in counter.rs.
-- KEYS: the counters. ARGV: when it was spent, cost.
local spent_at, cost = tonumber(ARGV[1]), tonumber(ARGV[2])

for _, key in ipairs(KEYS) do
  local parts, found = {}, false
  for at, count in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
    count = tonumber(count)
    if not found and tonumber(at) >= spent_at then
      found = true
      count = math.max(count - cost, 0)
    end
    if count > 0 then
      parts[#parts + 1] = string.format('%s:%.0f', at, count)
    end
  end
  if found then
    if #parts == 0 then
      redis.call('DEL', key)
    else
      redis.call('SET', key, table.concat(parts, ','), 'KEEPTTL')
    end
  end
end
return 0
