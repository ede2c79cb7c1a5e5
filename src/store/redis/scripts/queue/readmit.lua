-- Ends the quarantine of a job whose record was repaired.
--
-- KEYS  1 job hash   2 due set   3 deadline set   4 quarantine
-- ARGV  1 job id   2 now, at which an unfinished job is due   3 its deadline; '' for a final job
-- RETURNS  1, or 0 when the job is not in the quarantine
local expires = redis.pcall('ZSCORE', KEYS[4], ARGV[1])
local isListed = type(expires) == 'string'
if not isListed and not redis.call('HGET', KEYS[1], '@quarantined') then
  return 0
end
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[3], math.max(tonumber(ARGV[3]), tonumber(ARGV[2])), ARGV[1])
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
  redis.call('PERSIST', KEYS[1])
end
redis.call('HDEL', KEYS[1], '@quarantined')
if isListed then redis.call('ZREM', KEYS[4], ARGV[1]) end
return 1
