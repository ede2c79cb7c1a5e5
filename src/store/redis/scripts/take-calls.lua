-- The upstream's call budget, shared by all instances: a token bucket, closed for a while by a 429.
--
-- KEYS  1 budget hash   2 mark of a give-back, so that a repeated one counts once
-- ARGV  1 'take' | 'give-back' | 'refused'   2 burst   3 refill per millisecond
--       take:    4 calls wanted
--       give-back: 4 calls that were taken and not made
--       refused: 4 milliseconds to stay closed, or -1 for a backoff   5 chance, 0 to 1   6 the longest to stay closed
-- RETURNS  {calls granted, milliseconds until it is worth to ask again}
-- The server's own clock counts, so that instances need not agree on the time.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local burst, refill = tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'refilledAt', 'closedUntil', 'refusals')
local tokens = tonumber(stored[1]) or burst
local refilledAt = tonumber(stored[2]) or now
local closedUntil = tonumber(stored[3]) or 0
local refusals = tonumber(stored[4]) or 0

local function refillUntil(at)
  tokens = math.min(burst, tokens + math.max(0, at - refilledAt) * refill)
  refilledAt = math.max(refilledAt, at)
end

local granted, wait = 0, 0
if ARGV[1] == 'refused' then
  -- Refusals of calls that were under way together count as one, and the longest time that one asked for holds.
  local together = now < closedUntil
  if not together then
    -- A minute without a refusal is a fresh start.
    refusals = now - closedUntil > 60000 and 1 or refusals + 1
  end
  local closed = tonumber(ARGV[4])
  if closed < 0 then
    closed = together and 0 or math.min(60000, 1000 * 2 ^ math.min(refusals - 1, 16)) * (1 - tonumber(ARGV[5]) / 2)
  end
  closedUntil = math.max(closedUntil, now + math.floor(math.min(closed, tonumber(ARGV[6]))))
  -- It opens with one call at most, not with a burst.
  refillUntil(closedUntil)
  tokens = math.min(1, tokens)
  wait = closedUntil - now
elseif ARGV[1] == 'give-back' then
  -- Closed by a 429 meanwhile, it still opens with one call at most.
  if now >= closedUntil and redis.call('SET', KEYS[2], 1, 'NX', 'PX', 60000) then
    refillUntil(now)
    tokens = math.min(burst, tokens + tonumber(ARGV[4]))
  end
elseif now < closedUntil then
  wait = closedUntil - now
else
  refillUntil(now)
  granted = math.min(tonumber(ARGV[4]), math.floor(tokens))
  tokens = tokens - granted
  if granted == 0 then
    wait = math.ceil((1 - tokens) / refill)
  end
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'refilledAt', refilledAt, 'closedUntil', closedUntil, 'refusals', refusals)
return { granted, wait }
