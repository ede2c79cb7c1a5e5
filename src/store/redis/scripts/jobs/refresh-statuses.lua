-- Makes an owner's sets by status agree with the jobs, as far as one run may. Jobs that an instance of an earlier version created are in
-- none of these sets, and those that it moved are in the wrong one. Final jobs never move. So the unfinished ones are looked at, and
-- then ids are sought that are in the owner's set only: where the numbers of ids in a range differ, its halves are compared.
--
-- KEYS  1 owner's set   2… sets by status, the unfinished ones first
-- ARGV  1 where to begin: '' at first, then what the last run returned   2 how many ids are looked at, about
--       3 number of sets of unfinished jobs   4 prefix of the keys of job hashes   5… phase as JSON, or letter of a
--       compact job, and number of its set, alternately
-- RETURNS  where to go on, or '' when all is done
local left = tonumber(ARGV[2])
local prefix = ARGV[4]
local setOf = {}
for index = 5, #ARGV, 2 do
  setOf[ARGV[index]] = tonumber(ARGV[index + 1]) + 1
end

-- A job that cannot be read has no status. It counts with the first set, where it is looked at again each time.
local function rightSet(id)
  local phase = redis.pcall('HGET', prefix .. id, 'phase')
  if phase == false then
    local compact = redis.call('HGET', prefix .. id, '@final')
    phase = compact and string.sub(compact, 1, 1)
  end
  if type(phase) == 'string' then return setOf[phase] or 2 end
  if redis.call('EXISTS', prefix .. id) == 1 then return 2 end
  return nil
end

local changed = false
local function put(id, sets)
  changed = true
  local right = rightSet(id)
  for _, set in ipairs(sets) do
    if set ~= right then redis.call('ZREM', KEYS[set], id) end
  end
  if right then
    redis.call('ZADD', KEYS[right], 0, id)
  else
    redis.call('ZREM', KEYS[1], id)
  end
end

-- As `put`, for ids that are in none of the sets by status.
local function putAll(ids)
  changed = true
  local members = {}
  for _, id in ipairs(ids) do
    local set = rightSet(id) or 1
    members[set] = members[set] or {}
    local list = members[set]
    if set > 1 then list[#list + 1] = 0 end
    list[#list + 1] = id
  end
  for set, list in pairs(members) do
    redis.call(set == 1 and 'ZREM' or 'ZADD', KEYS[set], unpack(list))
  end
end

local function setsWith(id)
  local sets = {}
  for set = 2, #KEYS do
    if redis.call('ZSCORE', KEYS[set], id) then sets[#sets + 1] = set end
  end
  return sets
end

-- RETURNS  whether the range is done
local function fill(min, max)
  local owned = redis.call('ZLEXCOUNT', KEYS[1], min, max)
  local known = 0
  for set = 2, #KEYS do
    known = known + redis.call('ZLEXCOUNT', KEYS[set], min, max)
  end
  if owned == known then return true end
  if left <= 0 then return false end
  if owned > 64 then
    local first = redis.call('ZRANGEBYLEX', KEYS[1], min, max, 'LIMIT', 0, 1)
    local middle = redis.call('ZRANK', KEYS[1], first[1]) + math.floor(owned / 2)
    local id = redis.call('ZRANGE', KEYS[1], middle, middle)[1]
    -- An instance of an earlier version creates the newest jobs.
    local newer = fill('[' .. id, max)
    return fill(min, '(' .. id) and newer
  end
  left = left - math.max(owned, 1)
  local ids = redis.call('ZRANGEBYLEX', KEYS[1], min, max)
  if known == 0 then
    putAll(ids)
    return true
  end
  for _, id in ipairs(ids) do
    local sets = setsWith(id)
    if #sets ~= 1 then put(id, sets) end
  end
  local superfluous = 0
  for set = 2, #KEYS do
    for _, id in ipairs(redis.call('ZRANGEBYLEX', KEYS[set], min, max, 'LIMIT', 0, 256)) do
      if not redis.call('ZSCORE', KEYS[1], id) then
        superfluous = superfluous + 1
        redis.call('ZREM', KEYS[set], id)
      end
    end
  end
  return superfluous < 256
end

local at = ARGV[1] == '' and '2' or ARGV[1]
local unfinished = tonumber(ARGV[3]) + 1
while tonumber(string.sub(at, 1, 1)) <= unfinished and left > 0 do
  local set = tonumber(string.sub(at, 1, 1))
  local ids = redis.call('ZRANGEBYLEX', KEYS[set], '(' .. string.sub(at, 2), '+', 'LIMIT', 0, left)
  for _, id in ipairs(ids) do
    if rightSet(id) ~= set then put(id, { set }) end
  end
  at = #ids < left and tostring(set + 1) or set .. ids[#ids]
  left = left - #ids
end
if left > 0 then
  -- An earlier version also removes the oldest ids from the owner's set alone.
  local first = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not first or fill('[' .. first, '+') then at = '' end
end
local ttl = changed and redis.call('PTTL', KEYS[1]) or 0
if ttl > 0 then
  for set = 2, #KEYS do
    redis.call('PEXPIRE', KEYS[set], ttl)
  end
end
return at
