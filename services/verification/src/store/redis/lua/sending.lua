-- Stands between judging.lua and the scripts that count a message.
-- KEYS: verification, answer, failures, then the budgets, then those of take_judged.

local function message(outcome, record, is_dropped, found)
  return { outcome, record.sends, record.sent_at, record.code, record.route,
    record.expires_at, record.next_send_at, is_dropped and '1' or '0', record.withheld or '0',
    found and table.concat(found.shadow, ',') or '', whole(found and found.cut_off or 0),
    whole(found and found.shadow_cut_off or 0) }
end

local function is_unacknowledged(record, run_id)
  return record.generation == run_id and tonumber(record.acknowledged) < tonumber(record.sends)
end

-- What a call that was made before gets: its message again while that is unacknowledged, then the first answer.
local function repeated(answer, record, run_id, now)
  if answer == 'reused' then
    return { 'refused', 'request_id_reused' }
  end
  local sent = answer[3] == '1'
  if sent and record and state_of(record, now) == 'pending' and is_unacknowledged(record, run_id) then
    return message('unacknowledged', record)
  end
  return { 'nothing_to_send', answer[1], answer[2], answer[3] }
end

-- What limits one more message, in the order Rust writes it.
local function take_limits()
  local limits = {
    seen_sends = take_number(),
    max_sends = take_number(),
    next_send_at = take(),
    is_reserved = take() == '1',
    withheld = take(),
    skew = take_number(),
    failures = take_failure_rule(),
    budgets = {},
  }
  for position = 1, take_number() do
    limits.budgets[position] =
      { key = KEYS[3 + position], kind = take(), cost = take_number(), limit = take_number(), length = take_number(),
        shadowed = take(), country = take() }
  end
  limits.judged = take_judged(4 + #limits.budgets)
  return limits
end

-- The budgets with what they cost where texts to destinations that are cut off do not go out. See TenantBudget::without_texts.
local function without_texts_cut_off(limits)
  local left = {}
  for _, budget in ipairs(limits.budgets) do
    for _, destination in ipairs(limits.judged and limits.judged.destinations or {}) do
      if destination.is_cut_off
        and (budget.kind == 'tenant' or (budget.kind == 'texts' and budget.country == destination.country)) then
        budget.cost = budget.cost - 1
      end
    end
    if budget.cost > 0 then
      left[#left + 1] = budget
    end
  end
  return left
end

-- Consumes every budget or none; those that only record are left as they are when they are exhausted. Returns nil and whether
-- to drop the message, or which is exhausted and until when.
local function consume(budgets, now, skew, shadow)
  local is_dropped, counts = false, {}
  for _, budget in ipairs(budgets) do
    local stored = redis.call('HMGET', budget.key, 'spent', 'until')
    local is_open = stored[1] and is_ahead(tonumber(stored[2]), budget.length, now, skew)
    local used = is_open and tonumber(stored[1]) or 0
    local closes_at = is_open and stored[2] or whole(now + budget.length)
    if used + budget.cost <= budget.limit then
      counts[#counts + 1] =
        { key = budget.key, used = whole(used + budget.cost), closes_at = closes_at, length = budget.length }
    elseif budget.kind == 'decoys' then
      -- Refusing would show which verifications are decoys.
      is_dropped = true
    elseif budget.shadowed ~= '' then
      shadow[#shadow + 1] = budget.shadowed
    else
      return budget.kind, closes_at
    end
  end
  for _, count in ipairs(counts) do
    redis.call('HSET', count.key, 'spent', count.used, 'until', count.closes_at)
    -- Garbage collection only, hence generous: the window's end stands in the value.
    redis.call('PEXPIRE', count.key, whole(count.length / 500 + 60000))
  end
  return nil, is_dropped
end

-- Judges the limits, and if they allow, stores the record with one more message.
local function count_message(record, limits, now, idempotency, record_ttl)
  if record.counts_failures == '1' then
    local status, paused_until = subject_status(KEYS[3], now, limits.failures, limits.skew)
    if status ~= 'allowed' then
      return { 'refused', status, paused_until }
    end
  end
  local sends = tonumber(record.sends)
  if sends >= limits.max_sends then
    return { 'refused', 'sends_exhausted' }
  elseif sends ~= limits.seen_sends then
    return { 'stale' }
  elseif not limits.is_reserved then
    return { 'not_reserved' }
  end
  local refusal, found = judge(limits.judged, now, limits.skew)
  if refusal then
    return refusal
  end
  local exhausted, more = consume(without_texts_cut_off(limits), now, limits.skew, found.shadow)
  if exhausted then
    return { 'refused', exhausted, more }
  end
  local is_dropped = more
  count_texts(limits.judged)
  record.sends = whole(sends + 1)
  record.sent_at = whole(now)
  record.next_send_at = limits.next_send_at
  record.withheld = whole(bit.bor(tonumber(limits.withheld), found.cut_off))
  if found.all_spared and limits.judged.is_start then
    record.standing = limits.judged.spared_standing
  end
  if is_dropped then
    record.acknowledged = record.sends
  end
  local flat = {}
  for field, value in pairs(record) do
    flat[#flat + 1] = field
    flat[#flat + 1] = value
  end
  redis.call('HSET', KEYS[1], unpack(flat))
  redis.call('PEXPIRE', KEYS[1], record_ttl)
  store_answer(KEYS[2], idempotency, 'message', record.expires_at, record.next_send_at, '1')
  return message('counted', record, is_dropped, found)
end
