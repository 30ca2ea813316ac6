-- Counts an attempt, compares, consumes. See Store::check.
-- KEYS: verification, answer, failures, breaker, then the events.
-- ARGV: now, idempotency, the run that the typed code is bound to, purpose, subject, MACs of the typed code, the
--       grant's id, the rule for failures, skew, failures TTL, whether a breaker counts, and then its rule, the standings that
--       it counts, and those of them that are spared; the events: approved, checked.

-- See FailureRule::count_one.
local function count_failure(key, now, rule, skew, ttl)
  local latest = latest_failures(key, now, rule, skew)
  latest[#latest + 1] = math.max(now, latest[#latest] or now)
  local texts = {}
  for position = math.max(1, #latest - rule.pause_at + 1), #latest do
    texts[#texts + 1] = whole(latest[position])
  end
  redis.call('HINCRBY', key, 'in_a_row', 1)
  redis.call('HSET', key, 'latest', table.concat(texts, ','))
  redis.call('HDEL', key, 'recent', 'window_until')
  redis.call('PEXPIRE', key, ttl)
end

local now, idempotency = take_number(), take_idempotency()
local bound_to, purpose, subject, typed, grant = take(), take(), take(), take_list(), take()
local rule, skew, failures_ttl = take_failure_rule(), take_number(), take()
local breaker_rule, ordinary, spared = take() == '1' and take_breaker_rule() or nil, nil, nil
if breaker_rule then
  ordinary, spared = take_set(), take_set()
end
local events = take_events()

local answer = stored_answer(KEYS[2], idempotency, now, 'check')
if answer == 'reused' then
  return { 'refused', 'request_id_reused' }
elseif answer and answer[1] == 'passed' then
  return with_verification(KEYS[1], { 'passed', answer[2], answer[3] })
elseif answer then
  return { answer[1] }
end

local run_id = current_run_id()
if bound_to ~= run_id then
  return { 'run_changed', run_id }
end

local stored = redis.call('HMGET', KEYS[1], 'purpose', 'subject', 'generation', 'counts_failures', 'ending',
  'tries_left', 'expires_at', 'tag', 'standing')
local counts_failures, mac, standing = stored[4] == '1', stored[8], stored[9] or ''
local breaker, is_spared, counts = nil, false, false
if breaker_rule then
  -- Nobody who calls chooses a standing, so its comparison need not hide how long it takes.
  is_spared = spared[standing]
  counts = ordinary[standing] or is_spared
  breaker = load_breaker(KEYS[4], breaker_rule, now, skew)
  if breaker.stage == 'limited' and breaker_rule.mode == 'enforce' and not is_spared then
    return { 'refused', 'guessing', breaker.ends }
  end
end
local is_live = stored[1] == purpose and stored[2] == subject and stored[3] == run_id
  and state_of({ ending = stored[5], tries_left = stored[6], expires_at = stored[7] }, now) == 'pending'
if is_live and counts_failures then
  local status, paused_until = subject_status(KEYS[3], now, rule, skew)
  if status ~= 'allowed' then
    return { 'refused', status, paused_until }
  end
end

local passed, tripped = false, ''
if is_live then
  local attempts_left = redis.call('HINCRBY', KEYS[1], 'tries_left', -1)
  passed = includes(typed, mac)
  if passed then
    redis.call('HSET', KEYS[1], 'ending', 'passed')
  end
  if passed or attempts_left <= 0 then
    -- What is over has no code any more.
    redis.call('HSET', KEYS[1], 'tag', '', 'code', '')
  end
  record_event(events, passed and 1 or 2)
  if counts_failures and passed then
    redis.call('DEL', KEYS[3])
  elseif counts_failures then
    count_failure(KEYS[3], now, rule, skew, failures_ttl)
  end
  if counts then
    tripped = count_for_breaker(KEYS[4], breaker, breaker_rule, passed, now, skew)
  end
end

if not passed then
  store_answer(KEYS[2], idempotency, 'check', 'rejected')
  return { 'rejected', tripped }
end
store_answer(KEYS[2], idempotency, 'check', 'passed', grant, whole(now))
return with_verification(KEYS[1], { 'passed', grant, whole(now) })
