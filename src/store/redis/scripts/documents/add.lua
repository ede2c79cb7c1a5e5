-- Registers a document. Removes documents that were not used for long, and others when there is no room.
--
-- KEYS  1 texts by hash   2 hashes by their last use in microseconds
--       3 hash: 'size time owner' by hash of a document, bytes by owner, and bytes of all by ''
--       4 members 'owner:time:hash', all with score 0; the time is that of the last use when the member was written
-- ARGV  1 hash   2 text   3 owner, without ':' and ' '   4 size in bytes   5 room of an owner   6 room of all owners
--       7 milliseconds for which unused documents are kept
-- RETURNS  nothing
local hash, owner, size = ARGV[1], ARGV[3], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = string.format('%d%06d', time[1], time[2])

local function keep()
  redis.call('ZADD', KEYS[2], now, hash)
  for index = 1, 4 do
    redis.call('PEXPIRE', KEYS[index], ARGV[7])
  end
end

local function bytesOf(account)
  return tonumber(redis.call('HGET', KEYS[3], account) or 0)
end

local function forget(known)
  redis.call('HDEL', KEYS[1], known)
  redis.call('ZREM', KEYS[2], known)
  local entry = redis.call('HGET', KEYS[3], known)
  if entry then
    local bytes, at, by = string.match(entry, '^(%d+) (%d+) (.*)$')
    redis.call('HDEL', KEYS[3], known)
    redis.call('ZREM', KEYS[4], by .. ':' .. at .. ':' .. known)
    redis.call('HSET', KEYS[3], '', bytesOf('') - bytes)
    local left = bytesOf(by) - bytes
    if left > 0 then
      redis.call('HSET', KEYS[3], by, left)
    else
      redis.call('HDEL', KEYS[3], by)
    end
  end
end

local isNew = not redis.call('HGET', KEYS[1], hash)
if isNew and not redis.call('HGET', KEYS[3], '') then
  -- Redis has no sums: there are no documents, or it has lost the key.
  redis.call('DEL', unpack(KEYS))
end
-- A full Redis refuses only the first write of a script, and this is a command that it refuses.
keep()
if not isNew then
  return
end
-- An entry without a text: Redis has lost a key.
forget(hash)

local oldest = string.format('%.0f', tonumber(now) - ARGV[7] * 1000)
for _, unused in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', oldest, 'LIMIT', 0, 20)) do
  forget(unused)
end

while bytesOf(owner) + size > tonumber(ARGV[5]) do
  local member = redis.call('ZRANGEBYLEX', KEYS[4], '[' .. owner .. ':', '(' .. owner .. ';', 'LIMIT', 0, 1)[1]
  if not member then
    -- The sum is wrong: Redis has lost a key.
    redis.call('HDEL', KEYS[3], owner)
    break
  end
  redis.call('ZREM', KEYS[4], member)
  local at, known = string.match(member, ':(%d+):([^:]*)$')
  local used = redis.call('ZSCORE', KEYS[2], known)
  local entry = redis.call('HGET', KEYS[3], known)
  if used and entry and tonumber(used) > tonumber(at) then
    -- Used since the member was written: it gets its present place.
    used = string.format('%.0f', tonumber(used))
    redis.call('ZADD', KEYS[4], 0, owner .. ':' .. used .. ':' .. known)
    redis.call('HSET', KEYS[3], known, string.match(entry, '^%d+ ') .. used .. ' ' .. owner)
  else
    forget(known)
  end
end
while bytesOf('') + size > tonumber(ARGV[6]) do
  local known = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if known then
    forget(known)
  else
    -- The sum is wrong: Redis has lost a key.
    redis.call('DEL', KEYS[1], KEYS[3], KEYS[4])
  end
end

redis.call('HSET', KEYS[1], hash, ARGV[2])
redis.call('HSET', KEYS[3], hash, size .. ' ' .. now .. ' ' .. owner, owner, bytesOf(owner) + size, '', bytesOf('') + size)
redis.call('ZADD', KEYS[4], 0, owner .. ':' .. now .. ':' .. hash)
keep()
