-- Leases those of the named webhook deliveries that are still due.
--
-- KEYS  1 set of deliveries by their due time: a leased one is due when its lease expires
--       2… for each id the deliveries of its job: a hash with '@job', a compact final job, and for each delivery '<id>', its state as JSON,
--       '<id> next', when it is sent, while it waits, and '<id> lease' while it is leased
-- ARGV  1 now   2 lease until   3 lease id, to which the delivery's id is added   4… ids
-- RETURNS  for each leased delivery: {id, lease id}
local leased = {}
for index = 4, #ARGV do
  local id, key = ARGV[index], KEYS[index - 2]
  local due = redis.call('ZSCORE', KEYS[1], id)
  if due and tonumber(due) <= tonumber(ARGV[1]) then
    if type(redis.pcall('HGET', key, id .. ' next')) == 'string' then
      local leaseId = ARGV[3] .. ':' .. id
      redis.call('ZADD', KEYS[1], ARGV[2], id)
      redis.call('HSET', key, id .. ' lease', leaseId)
      leased[#leased + 1] = { id, leaseId }
    else
      -- The deliveries of the job have expired, or their key has another type.
      redis.call('ZREM', KEYS[1], id)
    end
  end
end
return leased
