-- Writes and publishes on a shard's node, and counts the unreadable jobs of the shard.
--
-- KEYS  1 text to write   2 quarantine   3 due set   4 deadline set   5 file tasks
--       6 webhook deliveries   7 hash to write   8 sorted set to write
-- ARGV  1 now   2 milliseconds for which the written keys are kept   3 publish command   4 channel of the heartbeat
-- RETURNS  {number of quarantined jobs, names of those of the keys 2 to 6 that have another type…}
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- Permissions are granted for each command, so the check runs those that jobs need.
redis.call('DEL', KEYS[7], KEYS[8])
redis.call('HSET', KEYS[7], 'at', ARGV[1])
redis.call('HGETALL', KEYS[7])
redis.call('PEXPIRE', KEYS[7], ARGV[2])
redis.call('ZADD', KEYS[8], ARGV[1], 'at')
redis.call('ZRANGEBYSCORE', KEYS[8], '-inf', ARGV[1])
redis.call('ZREM', KEYS[8], 'at')
redis.call(ARGV[3], ARGV[4], '')
local answer = { 0 }
for index = 2, 6 do
  local type = redis.call('TYPE', KEYS[index]).ok
  if type ~= 'zset' and type ~= 'none' then
    answer[#answer + 1] = KEYS[index]
  elseif index == 2 then
    -- Records of jobs expire by themselves.
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
    answer[1] = redis.call('ZCARD', KEYS[2])
  end
end
return answer
