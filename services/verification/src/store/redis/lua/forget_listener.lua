-- Forgets that a tenant has events, unless it was noted since. See EventOutbox::forget_listener. KEYS: the tenants that have
-- events. ARGV: the tenant, since when.

local noted = redis.call('ZSCORE', KEYS[1], ARGV[1])
if noted and tonumber(noted) <= tonumber(ARGV[2]) then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
