-- Makes a webhook delivery due at once, unless it is being sent.
--
-- KEYS  1 set of deliveries by their due time   2 deliveries of the job, as in webhooks/lease.lua
-- ARGV  1 id   2 now
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
local isLeased = redis.call('HGET', KEYS[2], ARGV[1] .. ' lease') and due and tonumber(due) > tonumber(ARGV[2])
if redis.call('HGET', KEYS[2], ARGV[1]) and not isLeased then
  redis.call('HSET', KEYS[2], ARGV[1] .. ' next', ARGV[2])
  redis.call('HDEL', KEYS[2], ARGV[1] .. ' lease')
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
return 1
