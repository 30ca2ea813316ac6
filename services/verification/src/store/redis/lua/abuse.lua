-- Stands behind common.lua in the scripts that the rules against abuse judge or count in. See domain/abuse.

-- How a tally slides: buckets that are counted, those of the window, their length; and for how long its key is held.
local function take_shape()
  return { counted = take_number(), window = take_number(), length = take_number(), ttl = take() }
end

-- What of a tally has not left: its buckets, and the sums of those in the window. See Tally.
local function read_tally(text, shape, now, skew)
  local current = math.floor(now / shape.length)
  local newest = math.floor((now + skew) / shape.length)
  local tally = { current = current, total = 0, hits = 0 }
  for number, total, hits in string.gmatch(text or '', '(%d+),(%d+),(%d+)') do
    local bucket = { number = tonumber(number), total = tonumber(total), hits = tonumber(hits) }
    if bucket.number > current - shape.counted and bucket.number <= newest then
      tally[#tally + 1] = bucket
      if bucket.number > current - shape.window then
        tally.total, tally.hits = tally.total + bucket.total, tally.hits + bucket.hits
        tally.oldest = math.min(tally.oldest or bucket.number, bucket.number)
      end
    end
  end
  return tally
end

-- Adds to the bucket under way, which is in every window.
local function add_to_tally(tally, total, hits)
  tally.total, tally.hits = tally.total + total, tally.hits + hits
  for _, bucket in ipairs(tally) do
    if bucket.number == tally.current then
      bucket.total, bucket.hits = bucket.total + total, bucket.hits + hits
      return
    end
  end
  tally[#tally + 1] = { number = tally.current, total = total, hits = hits }
end

local function tally_text(tally)
  local texts = {}
  for position, bucket in ipairs(tally) do
    texts[position] = whole(bucket.number) .. ',' .. whole(bucket.total) .. ',' .. whole(bucket.hits)
  end
  return table.concat(texts, ';')
end

-- The field that a prefix is counted in, of a hash of a tenant: its own, or that of its country when there are too many. Once an
-- hour those are dropped of which nothing counts any more.
local function prefix_field(key, prefix, country, most, shape, now, skew)
  if redis.call('HEXISTS', key, prefix) == 1 or redis.call('HLEN', key) < most then
    return prefix
  end
  local current = whole(math.floor(now / shape.length))
  if redis.call('HGET', key, 'swept') ~= current then
    for field, text in pairs(load_hash(key) or {}) do
      if field ~= 'swept' and #read_tally(string.match(text, '|(.*)$'), shape, now, skew) == 0 then
        redis.call('HDEL', key, field)
      end
    end
    redis.call('HSET', key, 'swept', current)
    if redis.call('HLEN', key) < most then
      return prefix
    end
  end
  return country
end

-- Counts texts or right codes of a prefix. The country stands before the tally, for whoever lists prefixes.
local function store_prefix(key, field, country, tally, shape)
  redis.call('HSET', key, field, country .. '|' .. tally_text(tally))
  redis.call('PEXPIRE', key, shape.ttl)
end

-- A count, and as many texts, as the keys of a table.
local function take_set()
  local set = {}
  for _, text in ipairs(take_list()) do
    set[text] = true
  end
  return set
end

-- When the breaker trips, in the order Rust writes it.
local function take_breaker_rule()
  return { mode = take(), shape = take_shape(), least = take_number(), percent = take_number(),
    challenge = take_number(), limit_after = take_number(), limited = take_number() }
end

-- The breaker of a tenant, and the stage that holds. See Breaker.
local function load_breaker(key, rule, now, skew)
  local stored = redis.call('HMGET', key, 'stage', 'until', 'failures', 'tally')
  local breaker = { stored = stored[1], ends = stored[2], failures = tonumber(stored[3] or '0'), text = stored[4] }
  local ends = tonumber(stored[2] or '')
  if ends and is_ahead(ends, rule[stored[1]] or 0, now, skew) then
    breaker.stage = stored[1]
  end
  return breaker
end

-- Counts a code that was compared; the stage that a wrong one tripped the breaker into, or ''. See Breaker::count.
local function count_for_breaker(key, breaker, rule, passed, now, skew)
  local tally = read_tally(breaker.text or nil, rule.shape, now, skew)
  add_to_tally(tally, 1, passed and 0 or 1)
  local tripped = ''
  local changes = { 'tally', tally_text(tally) }
  if not passed and breaker.stage ~= 'limited' then
    local failures = breaker.stage == 'challenge' and breaker.failures + 1 or 0
    local is_met = tally.hits >= rule.least and tally.hits * 100 >= rule.percent * tally.total
    changes[3], changes[4] = 'failures', whole(failures)
    if is_met then
      local stage = breaker.stage == 'challenge' and failures >= rule.limit_after and 'limited' or 'challenge'
      changes[5], changes[6], changes[7], changes[8] = 'stage', stage, 'until', whole(now + rule[stage])
      tripped = stage ~= breaker.stage and stage or ''
    end
  end
  redis.call('HSET', key, unpack(changes))
  redis.call('PEXPIRE', key, rule.shape.ttl)
  return tripped
end
