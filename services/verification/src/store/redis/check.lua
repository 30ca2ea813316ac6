-- Counts a try, compares, consumes. See Store::check.
-- KEYS: verification, answer, failures.
-- ARGV: now, generation looked at, answer until, answer TTL, request tags, the content looked at (or nothing),
--       tags of what was typed, the sealed grant, pause at, pause window, stop at, failures TTL.

local now, seen_generation, answer_until, answer_ttl = take_number(), take(), take(), take()
local contents, seen_content, typed, grant = take_list(), take(), take_list(), take()
local pause_at, pause_window, stop_at, failures_ttl = take_number(), take_number(), take_number(), take()

local answer = answered(KEYS[2], contents, now, 'check')
if answer == 'reused' then
  return { 'no', 'reused' }
elseif answer then
  return { answer[1], answer[2] }
end

local generation = present_generation()
local record = load_hash(KEYS[1])
if seen_generation ~= generation or seen_content ~= (record and record.content or '') then
  return { 'moved' }
end

local is_live = record and record.generation == generation and state_of(record, now) == 'pending'
if is_live and record.counts_failures == '1' then
  local stands, until_when = standing(KEYS[3], now, pause_at, stop_at)
  if stands ~= 'free' then
    return { 'no', stands, until_when }
  end
end

local passed = false
if is_live then
  local tries_left = redis.call('HINCRBY', KEYS[1], 'tries_left', -1)
  passed = includes(typed, record.tag)
  if passed then
    redis.call('HSET', KEYS[1], 'ending', 'passed')
  end
  if passed or tries_left <= 0 then
    -- What is over has no code any more.
    redis.call('HSET', KEYS[1], 'tag', '', 'code', '')
  end
  if record.counts_failures == '1' and passed then
    redis.call('DEL', KEYS[3])
  elseif record.counts_failures == '1' then
    local closes = redis.call('HGET', KEYS[3], 'window_until')
    local is_open = closes and now < tonumber(closes)
    redis.call('HINCRBY', KEYS[3], 'in_a_row', 1)
    if is_open then
      redis.call('HINCRBY', KEYS[3], 'recent', 1)
    else
      redis.call('HSET', KEYS[3], 'recent', '1', 'window_until', whole(now + pause_window))
    end
    redis.call('PEXPIRE', KEYS[3], failures_ttl)
  end
end

local word = passed and 'passed' or 'rejected'
keep_answer(KEYS[2], contents, answer_until, answer_ttl, 'check', word, passed and grant or '')
return { word, passed and grant or '' }
