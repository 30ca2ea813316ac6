-- Charges one more message. See Store::resend.
-- KEYS: verification, answer, failures, then one budget per spend.
-- ARGV: now, generation looked at, answer until, answer TTL, record TTL, request tags, the content looked at,
--       whether to rotate, tag and code to use if it is rotated or void, the charge.

local now, seen_generation = take_number(), take()
local keep = { answer_until = take(), answer_ttl = take(), record_ttl = take(), contents = take_list() }
local seen_content, rotate, tag, code = take(), take() == '1', take(), take()
local charge = take_charge()

local generation = present_generation()
local record = load_hash(KEYS[1])
local answer = answered(KEYS[2], keep.contents, now, 'message')
if answer then
  return repeated(answer, record, generation, now)
end

if not record then
  return { 'no', 'absent' }
elseif state_of(record, now) ~= 'pending' then
  return { 'no', 'over' }
elseif record.content ~= seen_content or seen_generation ~= generation then
  return { 'moved' }
elseif is_owed(record, generation) then
  keep_answer(KEYS[2], keep.contents, keep.answer_until, keep.answer_ttl, 'message',
    record.expires_at, record.next_send_at, '1')
  return sending('owed', record)
elseif tonumber(record.sends) >= charge.most_sends then
  return { 'no', 'exhausted' }
end

local is_void = record.generation ~= generation
if not is_void and record.next_send_at ~= '' and now < tonumber(record.next_send_at) then
  return { 'no', 'soon', record.next_send_at }
end
if is_void or rotate then
  record.tag, record.code, record.generation = tag, code, generation
end
return charge_message(record, charge, now, keep)
