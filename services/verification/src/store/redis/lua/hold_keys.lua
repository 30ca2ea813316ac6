-- KEYS: 1 what is known of the keys of a kind.
-- ARGV: 1 for how many seconds it is, 2 whether the keys were found to fit, then id and check of each.
-- Gives ids and checks that were known before.
local known = redis.call('HGETALL', KEYS[1])
if #known == 0 or ARGV[2] == '1' then
  for place = 3, #ARGV, 2 do
    redis.call('HSETNX', KEYS[1], ARGV[place], ARGV[place + 1])
  end
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return known
