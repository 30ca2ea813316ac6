-- Counts a verification that passed for where its code went, once. See Store::convert.
-- KEYS: verification, conversion, then a key for each destination that is spared.
-- ARGV: now, skew, until when they are spared, TTL of that, the prefix or nothing, its country, most prefixes, shape.

local now, skew = take_number(), take_number()
local spared_until, spared_ttl, prefix, country, most = take(), take(), take(), take(), take_number()
local shape = take_shape()
if redis.call('HGET', KEYS[1], 'ending') ~= 'passed' or redis.call('HSETNX', KEYS[1], 'converted', '1') == 0 then
  return 0
end
for position = 3, #KEYS do
  redis.call('SET', KEYS[position], spared_until, 'PX', spared_ttl)
end
if prefix ~= '' then
  local field = prefix_field(KEYS[2], prefix, country, most, shape, now, skew)
  local text = redis.call('HGET', KEYS[2], field)
  local tally = read_tally(text and string.match(text, '|(.*)$'), shape, now, skew)
  add_to_tally(tally, 0, 1)
  store_prefix(KEYS[2], field, country, tally, shape)
end
return 1
