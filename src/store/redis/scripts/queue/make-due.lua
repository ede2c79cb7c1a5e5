-- Makes a job due at once that is not leased.
--
-- KEYS  1 job hash   2 due set
-- ARGV  1 job id   2 now   3 when it was due
-- RETURNS  1, or 0 when its schedule has changed
if tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1])) ~= tonumber(ARGV[3]) then
  return 0
end
-- The lease of a job that is due has expired.
if redis.call('HGET', KEYS[1], '@lease') and tonumber(ARGV[3]) > tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return 1
