-- Ends the lease of a webhook delivery and stores the result of its attempt. One that make-due.lua changed during the attempt stays due.
-- The deliveries of a deleted job disappear with the last that waits.
--
-- KEYS  1 set of deliveries by their due time   2 deliveries of the job, as in webhooks/lease.lua
--       3 set of failing deliveries by the creation of their job   4 job hash
-- ARGV  1 id   2 lease id   3 state as JSON, or '' to keep it, for one that cannot be read   4 when it is sent next, or '' for never
--       5 creation of the job when the delivery is failing, or ''
--       6 creation of the newest job that can no longer be read
-- RETURNS  when it is sent next, '' for never; nil when the lease no longer holds: nothing is changed
local id = ARGV[1]
if redis.call('HGET', KEYS[2], id .. ' lease') ~= ARGV[2] then
  return nil
end
local state, nextAt = ARGV[3], ARGV[4]
if state ~= '' then
  local stored, result = cjson.decode(redis.call('HGET', KEYS[2], id)), cjson.decode(state)
  if (stored.resentAt or cjson.null) ~= result.resentAt then
    result.attempts, result.resentAt = stored.attempts, stored.resentAt
    state, nextAt = cjson.encode(result), redis.call('HGET', KEYS[2], id .. ' next')
  end
  redis.call('HSET', KEYS[2], id, state)
end
redis.call('HDEL', KEYS[2], id .. ' lease')
if nextAt == '' then
  redis.call('HDEL', KEYS[2], id .. ' next')
  redis.call('ZREM', KEYS[1], id)
else
  redis.call('HSET', KEYS[2], id .. ' next', nextAt)
  redis.call('ZADD', KEYS[1], nextAt, id)
end
-- Only an operator's page reads this set, so another type is tolerated.
if state ~= '' and ARGV[5] == '' then
  redis.pcall('ZREM', KEYS[3], id)
elseif state ~= '' then
  redis.pcall('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[6])
  redis.pcall('ZADD', KEYS[3], ARGV[5], id)
end
if nextAt == '' and redis.call('EXISTS', KEYS[4]) == 0 then
  local waits = false
  local fields = redis.call('HGETALL', KEYS[2])
  for index = 1, #fields, 2 do
    if string.sub(fields[index], -5) == ' next' then waits = true end
  end
  if not waits then
    redis.call('DEL', KEYS[2])
    redis.pcall('ZREM', KEYS[3], id)
  end
end
return nextAt
