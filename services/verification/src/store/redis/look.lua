-- Shows a verification and the run of the store. See Store::look.
-- KEYS: verification. The sealed code and its tag stay here.

local flat = redis.call('HGETALL', KEYS[1])
local shown = { present_generation() }
for place = 1, #flat, 2 do
  if flat[place] ~= 'tag' and flat[place] ~= 'code' then
    shown[#shown + 1] = flat[place]
    shown[#shown + 1] = flat[place + 1]
  end
end
return shown
