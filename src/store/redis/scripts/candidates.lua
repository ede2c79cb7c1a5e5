-- Selects due jobs of a shard for a choice: of each owner and each kind of job, the longest due come in turn, so that
-- neither crowds out another.
--
-- KEYS  1 due set   2 deadline set
-- ARGV  1 now   2 how many due jobs are looked at   3 how many are returned   4 what the keys of job hashes begin with
-- RETURNS  for each selected job: {id, due at, owner and kind}
--          One whose record is unreadable is an owner of its own.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local counts = {}
-- The first job of each owner and kind, the second of each, and so on; among these the longest due first.
local turns = {}
for index = 1, #due, 2 do
  local id = due[index]
  local job = redis.pcall('HMGET', ARGV[4] .. id, 'ownerId', 'phase', '@faults')
  local group
  if job.err or not job[1] or not job[2] then
    if job.err or redis.call('EXISTS', ARGV[4] .. id) == 1 then
      group = id
    else
      -- There is nothing to move.
      redis.call('ZREM', KEYS[1], id)
      redis.call('ZREM', KEYS[2], id)
    end
  elseif (tonumber(job[3]) or 0) > 0 then
    group = 'failed ' .. job[1]
  elseif job[2] == '"accepted"' or job[2] == '"submitting"' or job[2] == '"collecting"' then
    -- As isUrgent has it.
    group = 'urgent ' .. job[1]
  else
    group = 'rest ' .. job[1]
  end
  if group then
    local turn = (counts[group] or 0) + 1
    counts[group] = turn
    turns[turn] = turns[turn] or {}
    table.insert(turns[turn], { id, due[index + 1], group })
  end
end
local selected = {}
local limit = tonumber(ARGV[3])
for _, jobs in ipairs(turns) do
  for _, job in ipairs(jobs) do
    if #selected == limit then return selected end
    selected[#selected + 1] = job
  end
end
return selected
