-- Makes jobs due at once that are due far ahead: the clock that their schedule was made by was set back since.
--
-- KEYS  1 due set   2 deadline set
-- ARGV  1 now   2 what is due after this time is far ahead   3 how many are moved at most
--       4 what the keys of job hashes begin with
-- RETURNS  how many were moved
local far = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(far) do
  local job = redis.pcall('HMGET', ARGV[4] .. id, 'deadlineAt')
  local deadline = not job.err and tonumber(job[1]) or tonumber(ARGV[1])
  redis.call('ZADD', KEYS[2], math.max(deadline, tonumber(ARGV[1])), id)
  redis.call('ZADD', KEYS[1], ARGV[1], id)
end
return #far
