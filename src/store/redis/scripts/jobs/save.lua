-- Stores and publishes the next version of a job.
--
-- KEYS  1 job hash   2 due set   3 deadline set   4 video data   5 quarantine   6 set of file tasks by their due time
--       7 exists while earlier instances may run   8 webhook deliveries of the job   9 set of webhook deliveries by their due time
--       10… the owner's sets by status
-- ARGV  1 job id   2 lease id, or ''   3 version   4 'keep' | 'release' | 'final'
--       5 release: due at; keep: time until which the lease is renewed, or ''   6 deadline at
--       7 failure count   8 time of the last poll, or ''   9 notes as JSON, or '' for none
--       10 seconds for which a final job is kept   11 video data, or ''
--       12 when its file task is due, or '' for no such task
--       13 the job as JSON, one line for each property
--       14 publish command   15 job channel   16 owner channel
--       17 the seal of the event, which replaces the job's last brace
--       18 number of the set of the job's status   19 seconds for which that set is kept
--       20 a final job, compressed, or ''   21 letter of its status
--       22 'NUMSUB' | 'SHARDNUMSUB'   23 channel of the heartbeat   24 channel of the instances that read compact jobs
--       25 when its webhook deliveries are due   26… for each of them: id, state as in webhooks/lease.lua
-- RETURNS  'saved', by this call or by an earlier attempt of it | 'superseded': the stored version is not the previous one,
--          or is final | 'missing': there is no such job
local stored = redis.call('HMGET', KEYS[1], '@lease', 'version', '@savedBy', 'phase', '@quarantined', '@final')
local version = tonumber(ARGV[3])
-- Identifies this change, so that another change with the same version does not count as an attempt of it.
local savedBy = ARGV[2] .. ' ' .. redis.sha1hex(ARGV[13])
if tonumber(stored[2]) == version and stored[3] == savedBy then
  return 'saved'
end
local compactHead = ARGV[21] .. string.sub(redis.sha1hex(savedBy), 1, 8)
if stored[6] then
  return string.sub(stored[6], 1, 9) == compactHead and 'saved' or 'superseded'
end
if not stored[2] and redis.call('EXISTS', KEYS[1]) == 0 then
  return 'missing'
end
if tonumber(stored[2]) ~= version - 1 or stored[4] == '"completed"' or stored[4] == '"failed"' then
  return 'superseded'
end

local mode = ARGV[4]
local function schedule(at)
  -- The deadline does not end a job before the job is due.
  redis.call('ZADD', KEYS[3], math.max(tonumber(ARGV[6]), tonumber(at)), ARGV[1])
  redis.call('ZADD', KEYS[2], at, ARGV[1])
end
-- The sets come before the job: when one of them has another type, the script ends here and nothing is stored.
if mode == 'release' then
  schedule(ARGV[5])
elseif mode == 'keep' and ARGV[5] ~= '' and ARGV[2] ~= '' and stored[1] == ARGV[2] then
  schedule(ARGV[5])
elseif mode == 'keep' and stored[4] == '"accepted"' then
  -- The time until which the job had to be submitted no longer ends it.
  local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
  if due then schedule(due) end
end

local fields = { '@savedBy', savedBy }
if mode == 'release' then
  fields = { '@savedBy', savedBy, '@faults', ARGV[7], '@seenAt', ARGV[8] }
  if ARGV[9] ~= '' then
    fields[7], fields[8] = '@notes', ARGV[9]
  end
end
for field, value in string.gmatch(ARGV[13], '[{,]"([^"]+)":([^\n]+)\n') do
  fields[#fields + 1] = field
  fields[#fields + 1] = value
end
-- Whether all instances can read compact jobs. An instance may lose its subscriptions for a moment, so minutes must pass without others.
local function areAllNew()
  local counts = redis.pcall('PUBSUB', ARGV[22], ARGV[23], ARGV[24])
  if counts.err then return false end
  if counts[2] > counts[4] then
    redis.call('SET', KEYS[7], counts[2] - counts[4], 'EX', 600)
    return false
  end
  return redis.call('EXISTS', KEYS[7]) == 0
end
if ARGV[20] ~= '' and areAllNew() then
  local known = {}
  for index = 1, #fields, 2 do
    known[fields[index]] = true
  end
  -- Fields that only newer versions know are kept.
  local rest = { '@final', compactHead .. ARGV[20] }
  local hash = redis.call('HGETALL', KEYS[1])
  for index = 1, #hash, 2 do
    local field = hash[index]
    local isOurs = known[field] or field == '@lease' or field == '@notes' or field == '@faults' or field == '@seenAt'
    if not isOurs and field ~= '@quarantined' then
      rest[#rest + 1] = field
      rest[#rest + 1] = hash[index + 1]
    end
  end
  -- The write that a full Redis refuses comes first. A hash that had many fields would keep space for them.
  redis.call('HSET', KEYS[1], '@final', '')
  redis.call('DEL', KEYS[1])
  fields = rest
end
redis.call('HSET', KEYS[1], unpack(fields))
if mode == 'release' and ARGV[9] ~= '' then
  redis.call('HDEL', KEYS[1], '@lease')
elseif mode ~= 'keep' then
  redis.call('HDEL', KEYS[1], '@lease', '@notes')
end
if ARGV[11] ~= '' then
  redis.call('SET', KEYS[4], ARGV[11])
end
if ARGV[12] ~= '' then
  -- A set of another type must not hold up the job. The health check reports it.
  redis.pcall('ZADD', KEYS[6], 'NX', ARGV[12], ARGV[1])
end
if ARGV[26] then
  -- The message must survive the job, which its owner may delete, so it has a copy. Keys of another type are tolerated as above.
  redis.pcall('HSET', KEYS[8], '@job', compactHead .. ARGV[20])
  redis.pcall('EXPIRE', KEYS[8], ARGV[10])
  for index = 26, #ARGV, 2 do
    redis.pcall('HSET', KEYS[8], ARGV[index], ARGV[index + 1], ARGV[index] .. ' next', ARGV[25])
    redis.pcall('ZADD', KEYS[9], ARGV[25], ARGV[index])
  end
end
if mode == 'final' then
  -- A set of another type is tolerated, because a final job needs no schedule.
  redis.pcall('ZREM', KEYS[2], ARGV[1])
  redis.pcall('ZREM', KEYS[3], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[10])
  redis.call('EXPIRE', KEYS[4], ARGV[10])
end
if stored[5] and mode ~= 'keep' then
  -- This save has overwritten the unreadable fields.
  redis.call('HDEL', KEYS[1], '@quarantined')
  redis.pcall('ZREM', KEYS[5], ARGV[1])
  if mode == 'release' then redis.call('PERSIST', KEYS[1]) end
end
local status = 9 + tonumber(ARGV[18])
-- Sets of another type are tolerated here as well.
local known = redis.pcall('ZSCORE', KEYS[status], ARGV[1])
if not known then
  redis.pcall('ZADD', KEYS[status], 0, ARGV[1])
  redis.pcall('EXPIRE', KEYS[status], ARGV[19])
  for set = 10, #KEYS do
    if set ~= status then redis.pcall('ZREM', KEYS[set], ARGV[1]) end
  end
end
local event = string.sub(ARGV[13], 1, -2) .. ARGV[17]
redis.call(ARGV[14], ARGV[15], event)
redis.call(ARGV[14], ARGV[16], event)
return 'saved'
