-- Releases a reservation, see reservation.rs. The last holder refunds the cost, if the operation never happened.
-- KEYS: for each budget its counter, then the reservation in it. ARGV: now, skew, how long
-- a reservation lives, whether it happened.
local now, skew, lifetime, happened_now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

for i = 1, #KEYS / 2 do
  local counter, name = KEYS[2 * i - 1], KEYS[2 * i]
  local holders, happened, at, until_when =
    string.match(redis.call('GET', name) or '', '^(%d+):(%d):(%d+):(%d+)$')
  -- One that ended is forgotten together with its cost: too much is counted, never too little.
  if holders and is_held(tonumber(until_when), lifetime, now, skew) then
    if happened_now == '1' then
      happened = '1'
    end
    if tonumber(holders) > 1 then
      local text = table.concat({ whole(tonumber(holders) - 1), happened, at, until_when }, ':')
      redis.call('SET', name, text, 'KEEPTTL')
    else
      redis.call('DEL', name)
      if happened == '0' then
        refund(counter, 1, tonumber(at))
      end
    end
  end
end
return 0
