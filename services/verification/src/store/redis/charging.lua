-- Stands between common.lua and the scripts that charge a message.
-- KEYS: verification, answer, failures, then one budget per spend.

local function sending(word, record, is_quiet)
  return { word, record.sends, record.sent_at, record.code, record.route,
    record.expires_at, record.next_send_at, is_quiet and '1' or '0' }
end

local function is_owed(record, generation)
  return record.generation == generation and tonumber(record.acknowledged) < tonumber(record.sends)
end

-- What a request that was made before gets: its message again while that is owed, then the first answer.
local function repeated(answer, record, generation, now)
  if answer == 'reused' then
    return { 'no', 'reused' }
  end
  local sent = answer[3] == '1'
  if sent and record and state_of(record, now) == 'pending' and is_owed(record, generation) then
    return sending('owed', record)
  end
  return { 'settled', answer[1], answer[2], answer[3] }
end

-- What a charge takes, in the order Rust writes it.
local function take_charge()
  local charge = {
    seen_sends = take_number(),
    most_sends = take_number(),
    next_send_at = take(),
    funded = take() == '1',
    failures = take_failure_rule(),
    spends = {},
  }
  for place = 1, take_number() do
    charge.spends[place] = { key = KEYS[3 + place], payer = take(), limit = take_number(), length = take_number() }
  end
  return charge
end

-- Spends every budget or none. Returns nil and whether to be quiet, or who is dry and until when.
local function spend(spends, now)
  local is_quiet, counts = false, {}
  for _, one in ipairs(spends) do
    local kept = redis.call('HMGET', one.key, 'spent', 'until')
    local is_open = kept[1] and now < tonumber(kept[2])
    local spent = is_open and tonumber(kept[1]) or 0
    local closes = is_open and kept[2] or whole(now + one.length)
    if spent < one.limit then
      counts[#counts + 1] = { one.key, whole(spent + 1), closes, one.length }
    elseif one.payer == 'decoys' then
      -- Refusing would show which verifications are decoys.
      is_quiet = true
    else
      return one.payer, closes
    end
  end
  for _, count in ipairs(counts) do
    redis.call('HSET', count[1], 'spent', count[2], 'until', count[3])
    -- Rubbish collection only, hence generous: the window's end stands in the value.
    redis.call('PEXPIRE', count[1], whole(count[4] / 500 + 60000))
  end
  return nil, is_quiet
end

-- Judges the limits, and if they allow, keeps the record with one more message.
local function charge_message(record, charge, now, keep)
  if record.counts_failures == '1' then
    local stands, until_when = standing(KEYS[3], now, charge.failures)
    if stands ~= 'free' then
      return { 'no', stands, until_when }
    end
  end
  local sends = tonumber(record.sends)
  if sends >= charge.most_sends then
    return { 'no', 'exhausted' }
  elseif sends ~= charge.seen_sends then
    return { 'moved' }
  elseif not charge.funded then
    return { 'unfunded' }
  end
  local payer, more = spend(charge.spends, now)
  if payer then
    return { 'no', payer, more }
  end
  local is_quiet = more
  record.sends = whole(sends + 1)
  record.sent_at = whole(now)
  record.next_send_at = charge.next_send_at
  if is_quiet then
    record.acknowledged = record.sends
  end
  local flat = {}
  for field, value in pairs(record) do
    flat[#flat + 1] = field
    flat[#flat + 1] = value
  end
  redis.call('HSET', KEYS[1], unpack(flat))
  redis.call('PEXPIRE', KEYS[1], keep.record_ttl)
  keep_answer(KEYS[2], keep.contents, keep.answer_until, keep.answer_ttl, 'message',
    record.expires_at, record.next_send_at, '1')
  return sending('charged', record, is_quiet)
end
