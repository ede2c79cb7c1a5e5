-- Ends the lease of a job without changing the job.
--
-- KEYS  1 job hash   2 due set   3 deadline set
-- ARGV  1 job id   2 lease id   3 due at   4 deadline at   5 failure count   6 time of the last poll, or ''
--       7 notes as JSON, or '' for none
-- RETURNS  1, or 0 when the lease no longer holds
if redis.call('HGET', KEYS[1], '@lease') ~= ARGV[2] then
  return 0
end
-- The deadline does not end a job before the job is due.
redis.call('ZADD', KEYS[3], math.max(tonumber(ARGV[4]), tonumber(ARGV[3])), ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
if ARGV[7] == '' then
  redis.call('HDEL', KEYS[1], '@lease', '@notes')
else
  redis.call('HDEL', KEYS[1], '@lease')
  redis.call('HSET', KEYS[1], '@notes', ARGV[7])
end
redis.call('HSET', KEYS[1], '@faults', ARGV[5], '@seenAt', ARGV[6])
return 1
