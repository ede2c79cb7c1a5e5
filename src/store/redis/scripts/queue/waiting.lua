-- Finds jobs of a shard that wait to be sent and were never changed.
--
-- KEYS  1 due set
-- ARGV  1 since when they have been due at least   2 how many due jobs are looked at   3 how many are returned
--       4 what the keys of job hashes begin with   5 how many times of accepted jobs are returned
-- RETURNS  {ids, the longest due first, also of jobs that are unreadable; for each when it was due;
--           when accepted jobs were due, the longest due first: each n-th of them; n}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local ids, times, accepted = {}, {}, {}
local limit = tonumber(ARGV[3])
for index = 1, #due, 2 do
  local job = redis.pcall('HMGET', ARGV[4] .. due[index], 'phase', 'version')
  local unreadable = job.err or (job[1] and not tonumber(job[2]))
  if not unreadable and job[1] == '"accepted"' then
    accepted[#accepted + 1] = due[index + 1]
  end
  if unreadable or (job[1] == '"accepted"' and job[2] == '1') then
    ids[#ids + 1] = due[index]
    times[#times + 1] = due[index + 1]
    -- All that is found in the end has been due for at least as long as the last of these.
    if #ids == limit then break end
  end
end
local step = math.max(1, math.ceil(#accepted / tonumber(ARGV[5])))
local sample = {}
for index = 1, #accepted, step do
  sample[#sample + 1] = accepted[index]
end
return { ids, times, sample, step }
