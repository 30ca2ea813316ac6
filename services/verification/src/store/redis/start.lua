-- Starts a verification and charges its first message. See Store::start.
-- KEYS: verification, answer, failures, then one budget per spend.
-- ARGV: now, generation looked at, answer until, answer TTL, record TTL, request tags, content tags, the charge,
--       then the fields of the verification and their values.

local now, seen_generation = take_number(), take()
local keep = { answer_until = take(), answer_ttl = take(), record_ttl = take(), contents = take_list() }
local contents = take_list()
local charge = take_charge()
local fresh = {}
for _ = 1, take_number() do
  local field = take()
  fresh[field] = take()
end

local generation = present_generation()
local record = load_hash(KEYS[1])
local answer = answered(KEYS[2], keep.contents, now, 'message')
if answer then
  return repeated(answer, record, generation, now)
end

if record then
  if not includes(contents, record.content) then
    return { 'no', 'differs' }
  elseif state_of(record, now) ~= 'pending' then
    return { 'no', 'over' }
  elseif record.generation == generation then
    local owes = is_owed(record, generation)
    keep_answer(KEYS[2], keep.contents, keep.answer_until, keep.answer_ttl, 'message',
      record.expires_at, record.next_send_at, owes and '1' or '0')
    if owes then
      return sending('owed', record)
    end
    return { 'settled', record.expires_at, record.next_send_at, '0' }
  end
  -- Void: a new code, in what is left of the life, the tries and the messages.
  for _, field in ipairs({ 'created_at', 'expires_at', 'tries_left', 'sends', 'acknowledged' }) do
    fresh[field] = record[field]
  end
end

if seen_generation ~= generation then
  return { 'moved' }
end
return charge_message(fresh, charge, now, keep)
