-- Leases those of the named jobs that are (still) due.
--
-- KEYS  1 due set   2 deadline set   3 urgent set   4… job hashes
-- ARGV  1 now   2 lease until   3 lease, to which the job's id is added   4… job ids, in the order of the hashes
-- RETURNS  for each job: its hash as a flat list when it was leased, else an empty list
local claimed = {}
for index = 4, #KEYS do
  local id = ARGV[index]
  local due = redis.call('ZSCORE', KEYS[1], id)
  local job = {}
  if not due or redis.call('EXISTS', KEYS[index]) == 0 then
    -- There is nothing to move.
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    redis.call('ZREM', KEYS[3], id)
  elseif tonumber(due) <= tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[index], '@lease', ARGV[3] .. ':' .. id)
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    redis.call('ZADD', KEYS[3], 'XX', ARGV[2], id)
    job = redis.call('HGETALL', KEYS[index])
    -- Nobody ends it by its deadline while it is leased.
    local deadline = tonumber(redis.call('HGET', KEYS[index], 'deadlineAt'))
    redis.call('ZADD', KEYS[2], math.max(deadline, tonumber(ARGV[2])), id)
  end
  claimed[index - 3] = job
end
return claimed
