-- Removes an unreadable job from the schedule. Its record is kept as long as that of a finished job.
--
-- KEYS  1 job hash, or a key of another type   2 due set   3 deadline set   4 quarantine
-- ARGV  1 job id   2 now   3 milliseconds for which the record is kept
-- RETURNS  nothing
local ttl = redis.call('PTTL', KEYS[1])
if ttl ~= -2 then
  if ttl == -1 then
    ttl = tonumber(ARGV[3])
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
  end
  redis.pcall('ZADD', KEYS[4], tonumber(ARGV[2]) + ttl, ARGV[1])
  redis.pcall('HSET', KEYS[1], '@quarantined', 1)
end
redis.pcall('ZREM', KEYS[2], ARGV[1])
redis.pcall('ZREM', KEYS[3], ARGV[1])
