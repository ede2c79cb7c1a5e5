-- Writes and publishes a little on a shard's node, and counts what is unreadable there.
--
-- KEYS  1 mark   2 quarantine   3 due set   4 deadline set   5 hash and   6 sorted set to write to
-- ARGV  1 now   2 milliseconds for which the mark is kept   3 publish command   4 channel of the heartbeat
-- RETURNS  {how many jobs are in quarantine, names of those of the keys 2 to 4 that are of another type…}
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- The commands that jobs are kept with may be forbidden one by one.
redis.call('DEL', KEYS[5], KEYS[6])
redis.call('HSET', KEYS[5], 'at', ARGV[1])
redis.call('HGETALL', KEYS[5])
redis.call('PEXPIRE', KEYS[5], ARGV[2])
redis.call('ZADD', KEYS[6], ARGV[1], 'at')
redis.call('ZRANGEBYSCORE', KEYS[6], '-inf', ARGV[1])
redis.call('ZREM', KEYS[6], 'at')
redis.call(ARGV[3], ARGV[4], '')
local answer = { 0 }
for index = 2, 4 do
  local kind = redis.call('TYPE', KEYS[index]).ok
  if kind ~= 'zset' and kind ~= 'none' then
    answer[#answer + 1] = KEYS[index]
  elseif index == 2 then
    -- Records of jobs expire by themselves.
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
    answer[1] = redis.call('ZCARD', KEYS[2])
  end
end
return answer
