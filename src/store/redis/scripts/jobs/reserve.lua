-- Reserves places for a job in one scope (an owner's jobs or all jobs), or returns the limit of the scope that is used up.
-- Members of the sets are job ids. The score of a job is the time until which it counts at most.
--
-- KEYS  1 set of unfinished jobs   2 set of the day's jobs
-- ARGV  1 job id   2 now
--       3 limit of unfinished jobs, or 0 for none   4 time until which the job counts as unfinished
--       5 limit of the day's jobs, or 0 for none    6 time until which the job counts as one of the day
-- RETURNS  {0, 0} when all places are reserved, by this call or by an earlier attempt of it
--          | {number of the full set, milliseconds until it has room}: nothing is reserved
local now = tonumber(ARGV[2])
for set = 1, 2 do
  local limit = tonumber(ARGV[1 + 2 * set])
  if limit > 0 then
    -- After a pause there are many old places. Few are removed at a time, but more than are added.
    local old = redis.call('ZRANGEBYSCORE', KEYS[set], '-inf', ARGV[2], 'LIMIT', 0, 50)
    if #old > 0 then redis.call('ZREM', KEYS[set], unpack(old)) end
    local free = #old < 50 and 0 or redis.call('ZCOUNT', KEYS[set], '-inf', ARGV[2])
    local over = redis.call('ZCARD', KEYS[set]) - free - limit
    local own = tonumber(redis.call('ZSCORE', KEYS[set], ARGV[1]) or 0)
    if over >= 0 and own <= now then
      local last = redis.call('ZRANGE', KEYS[set], free + over, free + over, 'WITHSCORES')
      return { set, tonumber(last[2]) - now }
    end
  end
end
for set = 1, 2 do
  if tonumber(ARGV[1 + 2 * set]) > 0 then
    redis.call('ZADD', KEYS[set], ARGV[2 + 2 * set], ARGV[1])
    local newest = redis.call('ZRANGE', KEYS[set], -1, -1, 'WITHSCORES')
    redis.call('PEXPIRE', KEYS[set], math.max(1, tonumber(newest[2]) - now))
  end
end
return { 0, 0 }
