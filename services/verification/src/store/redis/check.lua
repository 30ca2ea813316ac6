-- Counts a try, compares, consumes. See Store::check.
-- KEYS: verification, answer, failures.
-- ARGV: now, the generation that the typed tags are bound to, answer until, answer TTL, request tags, purpose, subject,
--       tags of what was typed, the grant's id, the rule for failures, failures TTL.

-- See FailureRule::after_one.
local function note_failure(key, now, rule, ttl)
  local latest = latest_failures(key, rule)
  latest[#latest + 1] = math.max(now, latest[#latest] or now)
  local texts = {}
  for place = math.max(1, #latest - rule.pause_at + 1), #latest do
    texts[#texts + 1] = whole(latest[place])
  end
  redis.call('HINCRBY', key, 'in_a_row', 1)
  redis.call('HSET', key, 'latest', table.concat(texts, ','))
  redis.call('HDEL', key, 'recent', 'window_until')
  redis.call('PEXPIRE', key, ttl)
end

local now, bound_to, answer_until, answer_ttl = take_number(), take(), take(), take()
local contents, purpose, subject, typed, grant = take_list(), take(), take(), take_list(), take()
local rule, failures_ttl = take_failure_rule(), take()

local answer = answered(KEYS[2], contents, now, 'check')
if answer == 'reused' then
  return { 'no', 'reused' }
elseif answer and answer[1] == 'passed' then
  return show(KEYS[1], { 'passed', answer[2], answer[3] })
elseif answer then
  return { answer[1] }
end

local generation = present_generation()
if bound_to ~= generation then
  return { 'moved', generation }
end

local kept = redis.call('HMGET', KEYS[1], 'purpose', 'subject', 'generation', 'counts_failures', 'ending',
  'tries_left', 'expires_at', 'tag')
local counts_failures, tag = kept[4] == '1', kept[8]
local is_live = kept[1] == purpose and kept[2] == subject and kept[3] == generation
  and state_of({ ending = kept[5], tries_left = kept[6], expires_at = kept[7] }, now) == 'pending'
if is_live and counts_failures then
  local stands, until_when = standing(KEYS[3], now, rule)
  if stands ~= 'free' then
    return { 'no', stands, until_when }
  end
end

local passed = false
if is_live then
  local tries_left = redis.call('HINCRBY', KEYS[1], 'tries_left', -1)
  passed = includes(typed, tag)
  if passed then
    redis.call('HSET', KEYS[1], 'ending', 'passed')
  end
  if passed or tries_left <= 0 then
    -- What is over has no code any more.
    redis.call('HSET', KEYS[1], 'tag', '', 'code', '')
  end
  if counts_failures and passed then
    redis.call('DEL', KEYS[3])
  elseif counts_failures then
    note_failure(KEYS[3], now, rule, failures_ttl)
  end
end

if not passed then
  keep_answer(KEYS[2], contents, answer_until, answer_ttl, 'check', 'rejected')
  return { 'rejected' }
end
keep_answer(KEYS[2], contents, answer_until, answer_ttl, 'check', 'passed', grant, whole(now))
return show(KEYS[1], { 'passed', grant, whole(now) })
