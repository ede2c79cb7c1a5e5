-- Makes jobs due now that are due far ahead: the clock that planned them was set back since.
--
-- KEYS  1 due set   2 deadline set
-- ARGV  1 now   2 a job that is due after this time is far ahead   3 how many jobs are moved at most
--       4 prefix of the keys of job hashes
-- RETURNS  the number of moved jobs
local far = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], '+inf', 'LIMIT', 0, ARGV[3])
for _, id in ipairs(far) do
  local job = redis.pcall('HMGET', ARGV[4] .. id, 'deadlineAt', 'startBefore', 'phase')
  local deadline = not job.err and tonumber(job[1]) or tonumber(ARGV[1])
  local startBefore = not job.err and job[3] == '"accepted"' and tonumber(job[2] or '')
  if startBefore and startBefore < deadline then deadline = startBefore end
  redis.call('ZADD', KEYS[2], math.max(deadline, tonumber(ARGV[1])), id)
  redis.call('ZADD', KEYS[1], ARGV[1], id)
end
return #far
