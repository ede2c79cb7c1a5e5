-- Records that a POST is about to be sent for a job.
--
-- KEYS  1 set of the jobs whose POST has not ended, by the time when it counts as ended
-- ARGV  1 job id   2 milliseconds until it counts as ended
-- RETURNS  nothing
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
