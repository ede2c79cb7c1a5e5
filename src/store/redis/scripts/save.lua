-- Stores the next version of a claimed job and announces it.
--
-- KEYS  1 job hash   2 due set   3 deadline set   4 urgent set   5 video data
-- ARGV  1 job id   2 lease   3 version   4 'keep' | 'release' | 'final'   5 due at   6 faults
--       7 when it was last seen not done, or ''   8 '1' when its next call is urgent
--       9 seconds for which a final job is kept   10 video data, or ''
--       11 the job as JSON, a line for each property: it is announced as it is
--       12 publish command   13 job channel   14 owner channel
-- RETURNS  1 when it is stored (by this call or an earlier try of it), 0 when the claim no longer holds
local stored = redis.call('HMGET', KEYS[1], '@lease', 'version', '@savedBy')
local version = tonumber(ARGV[3])
-- Names this very change, so that another one with the same version is none of its tries.
local savedBy = ARGV[2] .. ' ' .. redis.sha1hex(ARGV[11])
if tonumber(stored[2]) == version and stored[3] == savedBy then
  return 1
end
if stored[1] ~= ARGV[2] or tonumber(stored[2]) ~= version - 1 then
  return 0
end
local fields = { '@savedBy', savedBy, '@faults', ARGV[6], '@seenAt', ARGV[7] }
for field, value in string.gmatch(ARGV[11], '[{,]"([^"]+)":([^\n]+)\n') do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', KEYS[1], unpack(fields))
if ARGV[4] ~= 'keep' then
  redis.call('HDEL', KEYS[1], '@lease')
end
if ARGV[10] ~= '' then
  redis.call('SET', KEYS[5], ARGV[10])
end
if ARGV[4] == 'release' then
  redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1])
  if ARGV[8] == '1' then
    redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
  else
    redis.call('ZREM', KEYS[4], ARGV[1])
  end
  -- Nobody ends it by its deadline before it is due.
  local deadline = tonumber(redis.call('HGET', KEYS[1], 'deadlineAt'))
  redis.call('ZADD', KEYS[3], math.max(deadline, tonumber(ARGV[5])), ARGV[1])
elseif ARGV[4] == 'final' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[9])
  redis.call('EXPIRE', KEYS[5], ARGV[9])
end
redis.call(ARGV[12], ARGV[13], ARGV[11])
redis.call(ARGV[12], ARGV[14], ARGV[11])
return 1
