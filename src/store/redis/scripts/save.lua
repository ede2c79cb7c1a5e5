-- Stores the next version of a claimed job and announces it.
--
-- KEYS  1 job hash   2 due set   3 deadline set   4 video data
-- ARGV  1 job id   2 lease   3 version   4 'keep' | 'release' | 'final'   5 due at   6 faults
--       7 seconds for which a final job is kept   8 video data, or ''
--       9 publish command   10 the announcement   11 job channel   12 owner channel
--       13… fields and values of the job hash
-- RETURNS  1 when it is stored (by this call or an earlier try of it), 0 when the claim no longer holds
local stored = redis.call('HMGET', KEYS[1], '@lease', 'version', '@savedBy')
local version = tonumber(ARGV[3])
-- Names this very change, so that another one with the same version is none of its tries.
local savedBy = ARGV[2] .. ' ' .. redis.sha1hex(ARGV[10])
if tonumber(stored[2]) == version and stored[3] == savedBy then
  return 1
end
if stored[1] ~= ARGV[2] or tonumber(stored[2]) ~= version - 1 then
  return 0
end
redis.call('HSET', KEYS[1], '@savedBy', savedBy, '@faults', ARGV[6], unpack(ARGV, 13))
if ARGV[4] ~= 'keep' then
  redis.call('HDEL', KEYS[1], '@lease')
end
if ARGV[8] ~= '' then
  redis.call('SET', KEYS[4], ARGV[8])
end
if ARGV[4] == 'release' then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
  -- Nobody ends it by its deadline before it is due.
  local deadline = tonumber(redis.call('HGET', KEYS[1], 'deadlineAt'))
  redis.call('ZADD', KEYS[3], math.max(deadline, tonumber(ARGV[5])), ARGV[1])
elseif ARGV[4] == 'final' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[7])
  redis.call('EXPIRE', KEYS[4], ARGV[7])
end
redis.call(ARGV[9], ARGV[11], ARGV[10])
redis.call(ARGV[9], ARGV[12], ARGV[10])
return 1
