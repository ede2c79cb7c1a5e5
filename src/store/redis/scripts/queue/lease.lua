-- Leases those of the named jobs that are still due.
--
-- KEYS  1 due set   2 deadline set   3… job hashes
-- ARGV  1 now   2 lease until   3 lease id, to which the job's id is added   4… job ids, in the order of the hashes
-- RETURNS  for each job: its hash as a flat list when it was leased; an empty list when it was not;
--          the type of its key when that is no hash: nothing is changed then
local answers = {}
for index = 3, #KEYS do
  local id = ARGV[index + 1]
  -- A job that is only in the deadline set has lost its place in the due set, and counts as due.
  local due = redis.call('ZSCORE', KEYS[1], id) or (redis.call('ZSCORE', KEYS[2], id) and '0')
  local type = redis.call('TYPE', KEYS[index]).ok
  local answer = {}
  if not due or type == 'none' then
    -- The job is gone.
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
  elseif type ~= 'hash' then
    answer = type
  elseif tonumber(due) <= tonumber(ARGV[1]) then
    -- The deadline waits while a job is leased. An unreadable deadline must not fail the other jobs: with nan this comparison is false.
    local ends = redis.call('HMGET', KEYS[index], 'deadlineAt', 'startBefore', 'phase')
    local deadline = tonumber(ends[1] or '')
    local startBefore = ends[3] == '"accepted"' and tonumber(ends[2] or '')
    if deadline and startBefore and startBefore < deadline then deadline = startBefore end
    local waitsUntil = tonumber(ARGV[2])
    if deadline and deadline > waitsUntil then waitsUntil = deadline end
    redis.call('ZADD', KEYS[2], waitsUntil, id)
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    redis.call('HSET', KEYS[index], '@lease', ARGV[3] .. ':' .. id)
    answer = redis.call('HGETALL', KEYS[index])
  end
  answers[index - 2] = answer
end
return answers
