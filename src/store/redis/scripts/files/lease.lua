-- Leases those of the named file tasks that are still due.
--
-- KEYS  1 set of file tasks by their due time   2 leases and failure counts: for each job '<lease id, or nothing> <count>'
-- ARGV  1 now   2 lease until   3 lease id, to which the job's id is added   4… job ids
-- RETURNS  for each leased task: {job id, lease id, failure count}
local leased = {}
for index = 4, #ARGV do
  local id = ARGV[index]
  local due = redis.call('ZSCORE', KEYS[1], id)
  if due and tonumber(due) <= tonumber(ARGV[1]) then
    local count = string.match(redis.call('HGET', KEYS[2], id) or '', ' (%d+)$') or '0'
    local leaseId = ARGV[3] .. ':' .. id
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    redis.call('HSET', KEYS[2], id, leaseId .. ' ' .. count)
    leased[#leased + 1] = { id, leaseId, count }
  end
end
return leased
