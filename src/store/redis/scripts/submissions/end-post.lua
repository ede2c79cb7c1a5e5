-- Notes that the POST for a job has ended, and which upstream request it made.
--
-- KEYS  1 set of the jobs whose POST has not ended   2 job of the upstream request
-- ARGV  1 job id   2 '1' when the request is known: it is this job's   3 milliseconds for which that is remembered
-- RETURNS  nothing
if ARGV[2] == '1' then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
end
-- A key of another type cannot be told from POSTs in progress, and stays.
redis.pcall('ZREM', KEYS[1], ARGV[1])
