-- Makes a webhook delivery due at once and counts its attempts anew. One that is being sent is due when its lease ends.
--
-- KEYS  1 set of deliveries by their due time   2 deliveries of the job, as in webhooks/lease.lua
-- ARGV  1 id   2 now
-- RETURNS  nothing
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
local isLeased = redis.call('HGET', KEYS[2], ARGV[1] .. ' lease') and due and tonumber(due) > tonumber(ARGV[2])
local state = redis.call('HGET', KEYS[2], ARGV[1])
if state then
  local fields = cjson.decode(state)
  fields.attempts, fields.resentAt = 0, tonumber(ARGV[2])
  redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(fields), ARGV[1] .. ' next', ARGV[2])
  if not isLeased then
    redis.call('HDEL', KEYS[2], ARGV[1] .. ' lease')
    redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
  end
end
