-- The upstream's call budget, shared by all instances: a token bucket, closed for a while by a 429 and slower after it.
--
-- KEYS  1 budget hash   2 mark of a give-back, so that a repeated one counts once
-- ARGV  1 'take' | 'give-back' | 'refused'   2 '1' when there is a limit   3 burst   4 refill per millisecond
--       5 milliseconds of a whole climb   6 the longest to stay closed
--       take:      7 calls wanted
--       give-back: 7 calls that were taken and not made
--       refused:   7 milliseconds to stay closed, or 0 for a backoff   8 chance, 0 to 1
--                  9 milliseconds without a refusal that end an episode   10 the smallest share of the rate
-- RETURNS  {calls granted, milliseconds until it is worth to ask again}
-- The server's own clock counts, so that instances need not agree on the time.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local limited, burst, refill, climb = ARGV[2] == '1', tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local longest = tonumber(ARGV[6])
local stored = redis.call('HMGET', KEYS[1], 'tokens', 'refilledAt', 'closedUntil', 'refusals', 'share')
local tokens = tonumber(stored[1]) or burst
local refilledAt = tonumber(stored[2]) or now
local closedUntil = tonumber(stored[3]) or 0
local refusals = tonumber(stored[4]) or 0
local share = tonumber(stored[5]) or 1
-- A clock that was set back by an hour must not keep it closed for an hour.
if closedUntil > now + longest then closedUntil = now end
if refilledAt > now + longest then refilledAt = now end

local function shareAt(at)
  return math.min(1, share + math.max(0, at - closedUntil) / climb)
end

local function refillUntil(at)
  local present = shareAt(at)
  tokens = math.min(math.max(1, burst * present), tokens + math.max(0, at - refilledAt) * refill * present)
  refilledAt = math.max(refilledAt, at)
end

local granted, wait = 0, 0
if ARGV[1] == 'refused' then
  -- Refusals of calls that were under way together count as one, and the longest time that one asked for holds.
  local together = now < closedUntil
  if not together then
    local first = now - closedUntil > tonumber(ARGV[9])
    local present = shareAt(now)
    refusals = first and 1 or refusals + 1
    share = first and math.max(tonumber(ARGV[10]), present / 2) or present
  end
  local closed = math.max(0, tonumber(ARGV[7]))
  -- The first is believed; when its time was not enough, or it gave none, the own one counts too.
  if not together and (closed == 0 or refusals > 1) then
    local doublings = closed == 0 and refusals or refusals - 1
    closed = math.max(closed, math.min(60000, 1000 * 2 ^ math.min(doublings, 16)) * (1 - tonumber(ARGV[8]) / 2))
  end
  closedUntil = math.max(closedUntil, now + math.floor(math.min(closed, longest)))
  -- It opens with one call at most, not with a burst.
  refillUntil(closedUntil)
  tokens = math.min(1, tokens)
  wait = closedUntil - now
elseif now < closedUntil then
  -- A give-back too: closed by a 429 meanwhile, it still opens with one call at most.
  wait = ARGV[1] == 'take' and closedUntil - now or 0
elseif not limited and shareAt(now) == 1 then
  granted = ARGV[1] == 'take' and tonumber(ARGV[7]) or 0
elseif ARGV[1] == 'give-back' then
  if redis.call('SET', KEYS[2], 1, 'NX', 'PX', 60000) then
    tokens = tokens + tonumber(ARGV[7])
    refillUntil(now)
  end
else
  refillUntil(now)
  granted = math.min(tonumber(ARGV[7]), math.floor(tokens))
  tokens = tokens - granted
  if granted == 0 then
    wait = math.ceil((1 - tokens) / (refill * shareAt(now)))
  end
end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'refilledAt', refilledAt, 'closedUntil', closedUntil, 'refusals', refusals, 'share', tostring(share))
return { granted, wait }
