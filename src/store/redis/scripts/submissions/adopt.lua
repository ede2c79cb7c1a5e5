-- Assigns an upstream request to a job whose answer was lost, unless the request belongs to another job.
--
-- KEYS  1 set of the jobs whose POST has not ended, by the time when it counts as ended   2 job of the upstream request
-- ARGV  1 job id   2 milliseconds for which the adoption is kept
-- RETURNS  'adopted', by this call or by an earlier attempt of it | 'taken' | 'in-flight': another job's POST has not ended
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local job = redis.call('GET', KEYS[2])
if job then
  return job == ARGV[1] and 'adopted' or 'taken'
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- Two ids are enough, because at most one of them is this job.
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, 1)) do
  if id ~= ARGV[1] then
    return 'in-flight'
  end
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 'adopted'
