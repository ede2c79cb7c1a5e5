-- Removes a final job, makes its file task due at once, and publishes the removal. The idempotency key stays.
--
-- KEYS  1 job hash   2 video data   3 quarantine   4 set of file tasks by their due time   5 leases of file tasks
--       6 webhook deliveries of the job   7… the owner's sets
-- ARGV  1 job id   2 now   3 publish command   4 channel of the owner's removals   5 the sealed event
-- RETURNS  'removed' | 'unfinished': the job is not final | 'missing': there is no such job
local stored = redis.call('HMGET', KEYS[1], 'phase', '@final')
local phase = stored[1]
if not phase and redis.call('EXISTS', KEYS[1]) == 0 then
  return 'missing'
end
if not stored[2] and phase ~= '"completed"' and phase ~= '"failed"' then
  return 'unfinished'
end
-- A full Redis refuses only a first write that takes memory, so a removal works there as well.
redis.call('DEL', KEYS[1], KEYS[2])
-- Keys of another type are tolerated: readers skip an id without a job.
redis.pcall('ZREM', KEYS[3], ARGV[1])
redis.pcall('ZADD', KEYS[4], 'XX', ARGV[2], ARGV[1])
redis.pcall('HDEL', KEYS[5], ARGV[1])
-- The deliveries that wait have a copy of the job.
local deliveries = redis.pcall('HGETALL', KEYS[6])
local waits = false
for index = 1, #deliveries, 2 do
  if string.sub(deliveries[index], -5) == ' next' then waits = true end
end
if not waits then redis.call('DEL', KEYS[6]) end
for set = 7, #KEYS do
  redis.pcall('ZREM', KEYS[set], ARGV[1])
end
redis.call(ARGV[3], ARGV[4], ARGV[5])
return 'removed'
