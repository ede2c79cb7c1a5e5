-- Counts the work of a shard. Phases and owners are those of a sample, evenly spread over the due times.
--
-- KEYS  1 due set   2 quarantine   3 file tasks
-- ARGV  1 now   2 how many jobs the sample has at most   3 prefix of the keys of job hashes
-- RETURNS  {unfinished jobs, due ones, when the longest due was due, or '',
--           quarantined jobs, due file tasks, when the longest due was due, or '',
--           phase as JSON and owner as JSON of each job of the sample…}
--          A leased job or task is due when its lease expires.
local function due(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  local isDue = first[2] and tonumber(first[2]) <= tonumber(ARGV[1])
  return redis.call('ZCOUNT', key, '-inf', ARGV[1]), isDue and first[2] or ''
end
local unfinished = redis.call('ZCARD', KEYS[1])
local jobs, oldestJob = due(KEYS[1])
local files, oldestFile = due(KEYS[3])
local quarantined = redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[1], '+inf')
local answer = { unfinished, jobs, oldestJob, quarantined, files, oldestFile }
local size = tonumber(ARGV[2])
local ids = {}
if unfinished <= size then
  ids = redis.call('ZRANGE', KEYS[1], 0, -1)
else
  for index = 0, size - 1 do
    local rank = math.floor(index * unfinished / size)
    ids[index + 1] = redis.call('ZRANGE', KEYS[1], rank, rank)[1]
  end
end
for _, id in ipairs(ids) do
  local job = redis.pcall('HMGET', ARGV[3] .. id, 'phase', 'ownerId')
  -- Jobs that are gone or cannot be read leave these sets soon.
  if not job.err and job[1] and job[2] then
    answer[#answer + 1] = job[1]
    answer[#answer + 1] = job[2]
  end
end
return answer
