-- Finds jobs of a shard that wait to be submitted and were never changed.
--
-- KEYS  1 due set
-- ARGV  1 they are due before this time   2 how many due jobs are read   3 how many jobs are returned
--       4 prefix of the keys of job hashes   5 maximum number of due times of accepted jobs
-- RETURNS  {ids, the longest due first, including unreadable jobs; the due time of each;
--           due times of accepted jobs, ascending, every n-th of them; n}
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
    -- The caller returns no job that is due later than the last of these.
    if #ids == limit then break end
  end
end
local step = math.max(1, math.ceil(#accepted / tonumber(ARGV[5])))
local sample = {}
for index = 1, #accepted, step do
  sample[#sample + 1] = accepted[index]
end
return { ids, times, sample, step }
