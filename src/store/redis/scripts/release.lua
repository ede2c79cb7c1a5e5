-- Gives a claimed job back unchanged.
--
-- KEYS  1 job hash   2 due set   3 deadline set   4 urgent set
-- ARGV  1 job id   2 lease   3 due at   4 faults   5 when it was last seen not done, or ''
-- RETURNS  1, or 0 when the claim no longer holds
if redis.call('HGET', KEYS[1], '@lease') ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], '@lease')
redis.call('HSET', KEYS[1], '@faults', ARGV[4], '@seenAt', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[4], 'XX', ARGV[3], ARGV[1])
-- Nobody ends it by its deadline before it is due.
local deadline = tonumber(redis.call('HGET', KEYS[1], 'deadlineAt'))
redis.call('ZADD', KEYS[3], math.max(deadline, tonumber(ARGV[3])), ARGV[1])
return 1
