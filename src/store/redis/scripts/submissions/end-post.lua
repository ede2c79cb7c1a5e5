-- Records that the POST for a job has ended, and the upstream request that it created.
--
-- KEYS  1 set of the jobs whose POST has not ended   2 job of the upstream request
-- ARGV  1 job id   2 '1' when the request is known; it belongs to this job   3 milliseconds for which this is kept
-- RETURNS  nothing
if ARGV[2] == '1' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
end
-- A key of another type does not change: `adopt` treats it as a POST in progress.
redis.pcall('ZREM', KEYS[1], ARGV[1])
