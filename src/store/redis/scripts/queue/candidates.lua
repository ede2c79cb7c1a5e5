-- Selects due jobs of a shard, round-robin from the longest due of each owner and priority, so that none crowds out another.
--
-- KEYS  1 due set   2 deadline set
-- ARGV  1 now   2 how many due jobs are read   3 how many are returned   4 prefix of the keys of job hashes
--       5… phases with priority 1, as JSON
-- RETURNS  for each selected job: {id, due at, priority and owner}
--          A job with an unreadable record is a group of its own.
local urgent = {}
for index = 5, #ARGV do
  urgent[ARGV[index]] = true
end
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local counts = {}
-- The first job of each group, then the second of each, and so on; within a round the longest due first.
local rounds = {}
for index = 1, #due, 2 do
  local id = due[index]
  local job = redis.pcall('HMGET', ARGV[4] .. id, 'ownerId', 'phase', '@faults')
  local group
  if job.err or not job[1] or not job[2] then
    if job.err or redis.call('EXISTS', ARGV[4] .. id) == 1 then
      group = id
    else
      -- The job is gone.
      redis.call('ZREM', KEYS[1], id)
      redis.call('ZREM', KEYS[2], id)
    end
  else
    local priority = (tonumber(job[3]) or 0) > 0 and -1 or urgent[job[2]] and 1 or 0
    group = priority .. ' ' .. job[1]
  end
  if group then
    local round = (counts[group] or 0) + 1
    counts[group] = round
    rounds[round] = rounds[round] or {}
    table.insert(rounds[round], { id, due[index + 1], group })
  end
end
local selected = {}
local limit = tonumber(ARGV[3])
for _, jobs in ipairs(rounds) do
  for _, job in ipairs(jobs) do
    if #selected == limit then return selected end
    selected[#selected + 1] = job
  end
end
return selected
