-- Stores and publishes a new job, or returns the job of its idempotency key.
--
-- KEYS  1 job hash   2 due set   3 deadline set   4 owner's set   5 idempotency hash
--       6… the owner's sets by status; the first one is that of new jobs
-- ARGV  1 job id   2 due at   3 deadline at   4 '1' when no other job may be created
--       5 fingerprint, or '' without an idempotency key   6 now   7 when the key expires   8 seconds until then
--       9 an id older than that of any job that can still be read   10 seconds for which the owner's sets are kept
--       11 the job as JSON, one line for each property
--       12 publish command   13 job channel   14 owner channel   15 work channel
--       16 the seal of the event, which replaces the job's last brace
-- RETURNS  {'created'} | {'duplicate', id} | {'conflict', id} | {'full'}
if redis.call('EXISTS', KEYS[1]) == 1 then
  -- An earlier attempt of this call succeeded.
  return { 'created' }
end
if ARGV[5] ~= '' then
  local known = redis.call('HMGET', KEYS[5], 'job', 'fingerprint', 'expiresAt')
  if known[1] and tonumber(known[3]) > tonumber(ARGV[6]) then
    return { known[2] == ARGV[5] and 'duplicate' or 'conflict', known[1] }
  end
end
if ARGV[4] == '1' then
  return { 'full' }
end
-- The sets come before the job: when one of them has another type, the script ends here and there is no job. Readers skip an id
-- without a job. A full Redis refuses only the first write of a script, so the first write is a command that it refuses.
redis.call('ZADD', KEYS[4], 0, ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.pcall('ZADD', KEYS[6], 0, ARGV[1])
for set = 4, #KEYS do
  if set ~= 5 then
    -- Ids begin with their time. Few are removed at a time, but more than are added.
    local old = redis.pcall('ZRANGEBYLEX', KEYS[set], '-', '(' .. ARGV[9], 'LIMIT', 0, 50)
    if #old > 0 then redis.call('ZREM', KEYS[set], unpack(old)) end
    redis.call('EXPIRE', KEYS[set], ARGV[10])
  end
end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[5], 'job', ARGV[1], 'fingerprint', ARGV[5], 'expiresAt', ARGV[7])
  redis.call('EXPIRE', KEYS[5], ARGV[8])
end
local fields = { '@faults', 0 }
for field, value in string.gmatch(ARGV[11], '[{,]"([^"]+)":([^\n]+)\n') do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
redis.call('HSET', KEYS[1], unpack(fields))
local event = string.sub(ARGV[11], 1, -2) .. ARGV[16]
for channel = 13, 15 do
  redis.call(ARGV[12], ARGV[channel], event)
end
return { 'created' }
