-- Prepended to every script: arguments by name, the run of this primary, comparing, and stored answers.

local taken = 0

-- Arguments are read in the order the script's head names them.
local function take()
  taken = taken + 1
  return ARGV[taken]
end

local function take_number()
  return tonumber(take())
end

-- A count, and as many arguments.
local function take_list()
  local list = {}
  for position = 1, take_number() do
    list[position] = take()
  end
  return list
end

-- What identifies a call, and how long its answer is stored: until when, the TTL, the MACs of its content.
local function take_idempotency()
  return { answer_until = take(), answer_ttl = take(), contents = take_list() }
end

-- What a step records if it happens: the most that wait, and a text for each thing that it may find. No texts where nobody
-- listens; otherwise the list of events is the last key.
local function take_events()
  return { most = take_number(), texts = take_list() }
end

-- Records the event at this place. Beyond the most that wait, the oldest goes.
local function record_event(events, place)
  local text = events.texts[place]
  if text and redis.call('RPUSH', KEYS[#KEYS], text) > events.most then
    redis.call('LPOP', KEYS[#KEYS])
  end
end

-- Times are microseconds; Lua would write them as 1.78e+15.
local function whole(number)
  return string.format('%.0f', number)
end

-- The run of the primary that does this step: read inside the step, so no cache can lag behind a failover. Redis's
-- run id changes when the process starts. That is not enough: a primary that follows its successor and is promoted
-- again is the same process, with what its successor never heard of undone. The replication id changes with every
-- promotion, and also when the first replica attaches or after an hour without any: codes are void then, needlessly
-- and once. Two calls, as INFO takes several sections only since Redis 7, and is slower with them.
local function current_run_id()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
    .. ':' .. string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

-- Whether two texts are equal, in a time that depends on their lengths alone.
local function same(left, right)
  if #left ~= #right then
    return false
  end
  local difference = 0
  local lefts, rights = { string.byte(left, 1, -1) }, { string.byte(right, 1, -1) }
  for position = 1, #lefts do
    difference = bit.bor(difference, bit.bxor(lefts[position], rights[position]))
  end
  return difference == 0
end

-- Whether a stored MAC is one of a list; compares with all of them.
local function includes(list, stored)
  local found = false
  for _, one in ipairs(list) do
    if same(one, stored) then
      found = true
    end
  end
  return found
end

local function load_hash(key)
  local flat, hash = redis.call('HGETALL', key), {}
  for position = 1, #flat, 2 do
    hash[flat[position]] = flat[position + 1]
  end
  return next(hash) and hash or nil
end

-- Appends the fields and values of a verification to a reply, but for the sealed code and its MAC, which stay here.
local function with_verification(key, reply)
  local flat = redis.call('HGETALL', key)
  for position = 1, #flat, 2 do
    if flat[position] ~= 'tag' and flat[position] ~= 'code' then
      reply[#reply + 1] = flat[position]
      reply[#reply + 1] = flat[position + 1]
    end
  end
  return reply
end

local function state_of(record, now)
  if record.ending ~= '' then
    return record.ending
  elseif tonumber(record.tries_left) <= 0 then
    return 'exhausted'
  elseif now >= tonumber(record.expires_at) then
    return 'expired'
  end
  return 'pending'
end

-- The first answer to this call: nil, 'reused' for other content, or {first, second, third} of that kind.
local function stored_answer(key, idempotency, now, kind)
  local stored = redis.call('HMGET', key, 'content', 'until', 'kind', 'first', 'second', 'third')
  if not stored[1] or now >= tonumber(stored[2]) then
    return nil
  end
  if stored[3] ~= kind or not includes(idempotency.contents, stored[1]) then
    return 'reused'
  end
  return { stored[4], stored[5], stored[6] }
end

local function store_answer(key, idempotency, kind, first, second, third)
  redis.call('HSET', key, 'content', idempotency.contents[1], 'until', idempotency.answer_until, 'kind', kind,
    'first', first or '', 'second', second or '', 'third', third or '')
  redis.call('PEXPIRE', key, idempotency.answer_ttl)
end

-- Whether an end is still to come. One that is further ahead than its length allows was set by a clock that has been
-- set right since; clocks of replicas may be apart by the skew.
local function is_ahead(end_at, length, now, skew)
  return end_at > now and end_at <= now + length + skew
end

-- When failures pause and stop, in the order Rust writes it.
local function take_failure_rule()
  return { pause_at = take_number(), pause_window = take_number(), stop_at = take_number() }
end

-- The times of a subject's latest failures, oldest first, without those that a clock noted which was ahead. Earlier
-- versions stored how many fell into a window and when it closes; those count from its beginning, and so until it
-- closes.
local function latest_failures(key, now, rule, skew)
  local stored = redis.call('HMGET', key, 'latest', 'recent', 'window_until')
  local latest = {}
  for at in string.gmatch(stored[1] or '', '%d+') do
    if tonumber(at) <= now + skew then
      latest[#latest + 1] = tonumber(at)
    end
  end
  if stored[3] then
    for _ = 1, math.min(tonumber(stored[2]), rule.pause_at) do
      latest[#latest + 1] = tonumber(stored[3]) - rule.pause_window
    end
    table.sort(latest)
  end
  return latest
end

-- Whether codes of a subject may be sent and checked: 'allowed', 'stopped', or 'paused' and until when. See
-- FailureRule.
local function subject_status(key, now, rule, skew)
  if tonumber(redis.call('HGET', key, 'in_a_row') or '0') >= rule.stop_at then
    return 'stopped'
  end
  local latest = latest_failures(key, now, rule, skew)
  local oldest = latest[#latest - rule.pause_at + 1]
  if oldest and now < oldest + rule.pause_window then
    return 'paused', whole(oldest + rule.pause_window)
  end
  return 'allowed'
end
