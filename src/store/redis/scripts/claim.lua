-- Leases those of the named jobs that are (still) due.
--
-- KEYS  1 due set   2… job hashes
-- ARGV  1 now   2 lease until   3 lease   4… job ids, in the order of the hashes
-- RETURNS  for each job: its hash as a flat list when it was leased, else an empty list
local claimed = {}
for index = 2, #KEYS do
  local id = ARGV[index + 2]
  local due = redis.call('ZSCORE', KEYS[1], id)
  local job = {}
  if due and tonumber(due) <= tonumber(ARGV[1]) then
    job = redis.call('HGETALL', KEYS[index])
    if #job == 0 then
      -- Its hash is gone, so there is nothing to move.
      redis.call('ZREM', KEYS[1], id)
    else
      redis.call('ZADD', KEYS[1], ARGV[2], id)
      redis.call('HSET', KEYS[index], '@lease', ARGV[3])
    end
  end
  claimed[index - 1] = job
end
return claimed
