-- Stands between abuse.lua and sending.lua: what the rules against abuse make of a message. See JudgedSend.

-- What is judged, in the order Rust writes it; nil for a decoy. KEYS from `first`: conversion, breaker, then a key for each
-- destination that says since when and until when it is spared.
local function take_judged(first)
  if take() ~= '1' then
    return nil
  end
  local judged = {
    conversion_key = KEYS[first],
    breaker_key = KEYS[first + 1],
    conversion = { mode = take(), shape = take_shape(), least = take_number(), floor = take_number(), most = take_number() },
    breaker = take_breaker_rule(),
    spared = take_number(),
    is_start = take() == '1',
    challenge_passed = take() == '1',
    spared_standing = take(),
    destinations = {},
  }
  for position = 1, take_number() do
    judged.destinations[position] = { key = KEYS[first + 1 + position], place = take_number(), is_counted = take() == '1',
      is_exempt = take() == '1', prefix = take(), country = take() }
  end
  return judged
end

-- Which destinations are spared; whether all are.
local function mark_spared(judged, now, skew)
  local keys = {}
  for position, destination in ipairs(judged.destinations) do
    keys[position] = destination.key
  end
  if #keys == 0 then
    return false
  end
  local all = true
  for position, ends in ipairs(redis.call('MGET', unpack(keys))) do
    local destination = judged.destinations[position]
    destination.is_spared = destination.is_exempt
      or (ends and is_ahead(tonumber(ends), judged.spared, now, skew) or false)
    all = all and destination.is_spared
  end
  return all
end

-- What wrong codes of the tenant demand of a start: a refusal, or nil and whether there would be one.
local function judge_stage(judged, now, skew)
  local rule = judged.breaker
  if rule.mode == 'off' or not judged.is_start then
    return nil, false
  end
  local breaker = load_breaker(judged.breaker_key, rule, now, skew)
  local is_met = breaker.stage == 'limited' or (breaker.stage == 'challenge' and not judged.challenge_passed)
  if is_met and rule.mode == 'enforce' then
    return { 'refused', breaker.stage == 'limited' and 'guessing' or 'challenge', breaker.ends }
  end
  return nil, is_met
end

-- The tally of each prefix that the message goes to, by the field it is counted in.
local function load_prefixes(judged, now, skew)
  local rule, tallies = judged.conversion, {}
  for _, destination in ipairs(judged.destinations) do
    if destination.prefix ~= '' then
      local field = prefix_field(judged.conversion_key, destination.prefix, destination.country, rule.most,
        rule.shape, now, skew)
      if not tallies[field] then
        local text = redis.call('HGET', judged.conversion_key, field)
        tallies[field] = read_tally(text and string.match(text, '|(.*)$'), rule.shape, now, skew)
      end
      destination.field, destination.tally = field, tallies[field]
    end
  end
end

-- Which destinations are cut off, as bits of their places, how many, and when the first may be open again.
local function cut_off(judged, now, skew)
  local rule, places, count, opens_at = judged.conversion, 0, 0, nil
  for _, destination in ipairs(judged.destinations) do
    local tally = destination.tally
    if tally and not destination.is_spared and tally.total >= rule.least
      and tally.hits * 100 < rule.floor * tally.total then
      places, count = places + 2 ^ destination.place, count + 1
      local slides_at = (tally.oldest + rule.shape.window) * rule.shape.length
      opens_at = math.min(opens_at or slides_at, slides_at)
      destination.is_cut_off = rule.mode == 'enforce'
    end
  end
  return places, count, opens_at
end

-- Judges a message: a refusal, or nil and what was found.
local function judge(judged, now, skew)
  local found = { shadow = {}, cut_off = 0, shadow_cut_off = 0 }
  if not judged then
    return nil, found
  end
  found.all_spared = mark_spared(judged, now, skew)
  if not found.all_spared then
    local refusal, would_be = judge_stage(judged, now, skew)
    if refusal then
      return refusal
    elseif would_be then
      found.shadow[1] = 'spray_breaker'
    end
  end
  if judged.conversion.mode == 'off' then
    return nil, found
  end
  load_prefixes(judged, now, skew)
  local places, count, opens_at = cut_off(judged, now, skew)
  if count > 0 and judged.conversion.mode == 'shadow' then
    found.shadow[#found.shadow + 1], found.shadow_cut_off = 'prefix_conversion', places
  elseif count > 0 and count == #judged.destinations then
    return { 'refused', 'prefix', whole(opens_at) }
  else
    found.cut_off = places
  end
  return nil, found
end

-- Counts the texts of a message that goes out.
local function count_texts(judged)
  if not judged then
    return
  end
  local changed = {}
  for _, destination in ipairs(judged.destinations) do
    if destination.tally and destination.is_counted and not destination.is_cut_off then
      add_to_tally(destination.tally, 1, 0)
      changed[destination.field] = destination
    end
  end
  for field, destination in pairs(changed) do
    store_prefix(judged.conversion_key, field, destination.country, destination.tally, judged.conversion.shape)
  end
end
